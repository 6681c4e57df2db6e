import type { SeededRandom } from './seeded-random.ts';
import type { SimMachine } from './sim-machine.ts';

export type MachineAction =
  'goOffline' | 'unreachable' | 'restart' | 'jumpClock' | 'powerCut' | 'sleep' | 'fillDatabase';

/** What happens to the machine, and to its ways to the services. */
export class MachineActions {
  readonly #machine: SimMachine;

  constructor(machine: SimMachine) {
    this.#machine = machine;
  }

  act(action: MachineAction, random: SeededRandom): void {
    switch (action) {
      case 'goOffline':
        this.#goOffline(random);
        break;
      case 'unreachable':
        this.#unreachable(random);
        break;
      case 'restart':
        this.#machine.stop(random.between(0, 5000));
        break;
      case 'jumpClock':
        this.#jump(random);
        break;
      case 'powerCut':
        this.#machine.crash('power');
        break;
      case 'sleep':
        this.#sleep(random);
        break;
      case 'fillDatabase':
        this.#machine.database.full = true;
        this.#machine.time.schedule(random.between(500, 30_000), 'room for the database', () => {
          this.#machine.database.full = false;
        });
        break;
    }
  }

  /** The clock is right, the database has room, and everything can be reached. */
  heal(): void {
    const { database, roads, time } = this.#machine;
    database.full = false;
    if (time.skewMs !== 0) this.#setClock(-time.skewMs);
    for (const road of roads.values()) road.reachable = true;
    this.#goOnline();
  }

  #goOffline(random: SeededRandom): void {
    const { roads, time } = this.#machine;
    if (this.#machine.offline) return;
    this.#machine.offline = true;
    for (const road of roads.values()) road.reachable = false;
    this.#machine.command(({ core }) => {
      core.setOffline(true);
    });
    time.schedule(random.between(1000, 60_000), 'online', () => {
      this.#goOnline();
    });
  }

  #goOnline(): void {
    if (!this.#machine.offline) return;
    this.#machine.offline = false;
    for (const road of this.#machine.roads.values()) road.reachable = true;
    this.#machine.command(({ core }) => {
      core.setOffline(false);
    });
  }

  /** A service is gone, and nobody tells the engine. */
  #unreachable(random: SeededRandom): void {
    const { roads, time } = this.#machine;
    const road = random.pick([...roads.values()]);
    road.reachable = false;
    time.schedule(random.between(500, 90_000), 'reachable', () => {
      if (!this.#machine.offline) road.reachable = true;
    });
  }

  #jump(random: SeededRandom): void {
    const { time } = this.#machine;
    // Once wrong, it is as likely set right as made worse.
    // No jump is as long as a pause of the scenario: two states of a file would have the very same times.
    const wrong = random.pick([1517, -1517, 600_000, -600_000, 3_600_000, -3_600_000, 86_400_000, -86_400_000]);
    this.#setClock(time.skewMs !== 0 && random.chance(0.6) ? -time.skewMs : wrong);
  }

  /** The lid is closed for hours: timers stand still, connections break, and the world goes on. */
  #sleep(random: SeededRandom): void {
    const { world, time } = this.#machine;
    world.coverage.hit('sleep');
    const forMs = random.pick([60_000, 3_600_000, 8 * 3_600_000]);
    const told = random.chance(0.7);
    time.schedule(0, 'sleep', async () => {
      for (const { wire } of world.machines) {
        wire.breakAll();
        // What was on its way arrives while the machine sleeps, not hours later.
        await wire.arriveLate();
      }
      world.time.sleep(forMs);
      for (const machine of world.machines) machine.pauses.clockWasSet();
      // Not every host tells of it.
      if (told)
        this.#machine.command(({ core }) => {
          core.lookAgain();
        });
    });
  }

  #setClock(byMs: number): void {
    const { time } = this.#machine;
    const { coverage } = this.#machine.world;
    coverage.hit(`clock jumps ${byMs < 0 ? 'back' : 'ahead'}`);
    time.jump(byMs);
    this.#machine.pauses.clockWasSet();
  }
}
