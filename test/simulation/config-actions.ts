import type { FolderConfig } from '../../src/config/config-types.ts';
import { CHANGE_KINDS, changeConfig, CONFIG_CHANGES, leadingTo, type ConfigChange } from './config-changes.ts';
import { bucketName } from './machine-config.ts';
import type { Limits } from './run-limits.ts';
import { SeededRandom } from './seeded-random.ts';
import { endpointOf } from './sim-config.ts';
import type { SimMachine } from './sim-machine.ts';
import type { SimWorld } from './sim-world.ts';

/** Part of the runs in which people change the configuration. */
const CONFIGURED = 0.2;
/** … and in these a destination's bucket may be another one. */
const BUCKETS = 0.5;
/** In such a run so many of the actions come right after a change. */
const CHANGES = 0.2;
const FIRST_MACHINE = 0.7;
/** Part of the removed folders that are there again at the end, and of the buckets that were named first. */
const BACK = 0.6;
/** Sets what is drawn here apart from what the actions draw: 2³² / e, made odd. */
const APART = 0x5e2d58d9;
/** … or right before the trash is full for a while. */
const FULL_TRASH = 0.15;
/** A change has the number of the action that it comes before, and this added. */
const CHANGE_NUMBERS = 1000;

/**
 * People edit the configuration, while the engine works, while it is down, or right before it dies. Drawn from numbers of
 * their own: a seed that has none is the run that it would be without this.
 */
export class ConfigActions {
  readonly #world: SimWorld;
  readonly #limits: Limits;
  readonly #kinds: Readonly<Partial<Record<ConfigChange, number>>> | null;
  /** Their numbers. */
  readonly begun: number[] = [];

  constructor(world: SimWorld, limits: Limits) {
    this.#world = world;
    this.#limits = limits;
    const random = new SeededRandom(world.seed ^ APART);
    this.#kinds = random.chance(CONFIGURED) ? someOf(random, limits.permits('change', 'bucket')) : null;
  }

  /** Called before each action. */
  before(action: number): void {
    if (this.#kinds === null) return;
    const { seed, machines, coverage } = this.#world;
    const number = CHANGE_NUMBERS + action;
    const random = new SeededRandom(seed ^ Math.imul(number, APART));
    const changes = random.chance(CHANGES);
    const full = random.chance(FULL_TRASH);
    if (!changes && !full) return;
    this.begun.push(number);
    if (full && !this.#limits.skips(number) && this.#limits.permits('change', 'trash')) this.#fillTrash(random);
    if (!changes) return;
    const kind = random.weighted(this.#kinds);
    if (this.#limits.skips(number) || !this.#limits.permits('change', kind)) return;
    const machine = machines[random.chance(FIRST_MACHINE) ? 0 : machines.length - 1];
    const how = random.weighted({ live: 6, dying: 2, down: 2 });
    if (machine === undefined) return;
    const changed = changeConfig(kind, machine.configuration, random);
    if (changed === null) return;
    coverage.hit(`change ${kind}`);
    this.#world.trace(`! ${number} configuration of ${machine.name}, ${how}: ${changed.words}`);
    if (how === 'down') machine.stop(random.between(0, 2000));
    machine.configure(changed.config, random.between(0, 300));
    if (how === 'dying') this.#killSoon(machine, random);
  }

  /** In peace nothing is paused: the backlog has to drain. Of the folders that are away some come back. */
  heal(): void {
    if (this.#kinds === null) return;
    const random = new SeededRandom(this.#world.seed ^ ~APART);
    for (const machine of this.#world.machines) {
      const { written, everyFolder } = machine.configuration;
      const away = everyFolder.filter(({ name }) => !written.folders.some((folder) => folder.name === name));
      const back = away.filter(() => random.chance(BACK));
      const moved = Object.values(written.destinations).filter((known) => bucketName(known) !== known.name);
      const former = moved.filter(() => random.chance(BACK));
      if (back.length + former.length === 0 && !written.folders.some(({ paused }) => paused)) continue;
      const names = [...back, ...former].map(({ name }) => name).join(', ');
      this.#world.trace(
        `! configuration of ${machine.name}: nothing is paused${names === '' ? '' : `, back: ${names}`}`,
      );
      const config = former.reduce(
        (changed, { name }) => leadingTo(changed, name, { bucket: name, endpoint: endpointOf(name) }),
        written,
      );
      machine.configure({ ...config, folders: [...config.folders, ...back].map(unpaused) }, 0);
    }
  }

  /** What is to be put away waits, and the rule may be another one when that is possible again. */
  #fillTrash(random: SeededRandom): void {
    const { time, disk } = random.pick(this.#world.machines);
    this.#world.coverage.hit('change trash');
    this.#world.trace('! trash and archive take nothing');
    disk.putsNothingAway = true;
    time.schedule(random.between(2000, 60_000), 'trash', () => {
      disk.putsNothingAway = false;
    });
  }

  /** While it takes the change over, or before it has met it. */
  #killSoon(machine: SimMachine, random: SeededRandom): void {
    machine.time.schedule(random.between(0, 500), 'kill', () => {
      machine.crash('between');
    });
  }
}

function unpaused(folder: FolderConfig): FolderConfig {
  return { ...folder, paused: false };
}

/** Each run knows some kinds alone, so that these meet more often. */
function someOf(random: SeededRandom, buckets: boolean): Partial<Record<ConfigChange, number>> {
  const others = CHANGE_KINDS.filter((kind) => kind !== 'bucket');
  const kinds = others.filter(() => random.chance(0.6));
  const chosen: ConfigChange[] = kinds.length === 0 ? others : kinds;
  // Drawn last: without it the run is the one that it would be if nothing of the kind existed.
  if (buckets && random.chance(BUCKETS)) chosen.push('bucket');
  return Object.fromEntries(chosen.map((kind) => [kind, CONFIG_CHANGES[kind]]));
}
