import { ConfigActions } from './config-actions.ts';
import { DISK_ACTIONS, DiskActions, type DiskAction } from './disk-actions.ts';
import { ENGINE_ACTIONS, EngineActions, type EngineAction } from './engine-actions.ts';
import { REMOTE_ACTIONS, RemoteActions, type RemoteAction } from './remote-actions.ts';
import type { Limits } from './run-limits.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimWorld } from './sim-world.ts';

type Kind = 'disk' | 'engine' | 'remote';
/** Of two machines the first has most of the actions. */
const FIRST_MACHINE = 0.7;
/** Spreads the numbers of actions over the seeds' range: the odd constant of a Weyl sequence, 2³² / φ. */
const WEYL = 0x9e3779b9;

/** All that people, programs, services and other devices do in a run: what happens next is a matter of its number. */
export class ScenarioActions {
  readonly disks: readonly DiskActions[];
  readonly engines: readonly EngineActions[];
  readonly remote: RemoteActions;
  readonly configs: ConfigActions;
  readonly #world: SimWorld;
  readonly #limits: Limits;
  readonly #weights: Record<Kind, Record<string, number>>;
  #next = 0;

  constructor(world: SimWorld, limits: Limits) {
    this.#world = world;
    this.#limits = limits;
    this.disks = world.machines.map((machine) => new DiskActions(machine));
    this.engines = world.machines.map((machine) => new EngineActions(machine));
    this.remote = new RemoteActions(world);
    this.configs = new ConfigActions(world, limits);
    this.#weights = {
      disk: this.#swarm(DISK_ACTIONS, ['createSmall', 'createLarge']),
      engine: this.#swarm(ENGINE_ACTIONS, ['resume', 'call', 'decideGuard']),
      remote: this.#swarm(REMOTE_ACTIONS, ['recordChanges']),
    };
  }

  get begun(): number {
    return this.#next;
  }

  /** The next action. Each draws from numbers of its own: to leave one out does not change the others. */
  act(): void {
    const { coverage, seed } = this.#world;
    const number = this.#next;
    this.#next += 1;
    this.configs.before(number);
    const random = new SeededRandom(seed ^ Math.imul(number + 1, WEYL));
    const kind = random.weighted({ disk: 6, engine: 3, remote: 1.5 });
    const name = random.weighted(this.#weights[kind]);
    if (this.#limits.skips(number) || !this.#limits.permits('action', name)) return;
    const index = random.chance(FIRST_MACHINE) ? 0 : this.#world.machines.length - 1;
    coverage.hit(`action ${name}`);
    this.#world.trace(`! ${number} ${name}${index > 0 ? ' (peer)' : ''}`);
    switch (kind) {
      case 'disk':
        this.disks[index]?.act(name as DiskAction, random);
        break;
      case 'engine':
        this.engines[index]?.act(name as EngineAction, random);
        break;
      case 'remote':
        this.remote.act(name as RemoteAction, random);
        break;
    }
  }

  /** Each run leaves out some kinds of action, so that the others meet more often. */
  #swarm(weights: Readonly<Record<string, number>>, keep: readonly string[]): Record<string, number> {
    const { random } = this.#world;
    return Object.fromEntries(
      Object.entries(weights).map(([name, weight]) => {
        const kept = random.chance(0.7);
        return [name, keep.includes(name) || kept ? weight : 0];
      }),
    );
  }
}
