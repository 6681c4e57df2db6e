import { FOREVER } from '../../src/db/stored-operation.ts';
import { adoptFolder, decideDeletes } from '../../src/engine/folder-decisions.ts';
import { undoDecision } from '../../src/sync/conflicts/undo-decision.ts';
import { resolveConflict, type Keep } from '../../src/sync/resolve-conflict.ts';
import { CallActions } from './call-actions.ts';
import { MachineActions } from './machine-actions.ts';
import { restoreObjects } from './restore-objects.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimMachine } from './sim-machine.ts';

export const ENGINE_ACTIONS = {
  pause: 1.5,
  pauseForAWhile: 1,
  resume: 3,
  holdItem: 0.7,
  retry: 1.5,
  cancel: 1.2,
  resolve: 3,
  goOffline: 0.5,
  unreachable: 1,
  restart: 0.6,
  rescan: 0.5,
  lookAgain: 0.3,
  jumpClock: 0.3,
  decideGuard: 1,
  undo: 0.7,
  powerCut: 0.4,
  sleep: 0.3,
  fillDatabase: 0.2,
  call: 4,
  restore: 4,
} as const;
export type EngineAction = keyof typeof ENGINE_ACTIONS;

const KEEPS: readonly Keep[] = ['local', 'remote', 'both'];

/** What people and programs ask of the engine, and what happens to its machine. */
export class EngineActions {
  readonly #machine: SimMachine;
  readonly #events: MachineActions;
  readonly #calls: CallActions;
  #random: SeededRandom;

  constructor(machine: SimMachine) {
    this.#machine = machine;
    this.#events = new MachineActions(machine);
    this.#calls = new CallActions(machine);
    this.#random = machine.random;
  }

  act(action: EngineAction, random: SeededRandom): void {
    this.#random = random;
    const { time } = this.#machine;
    switch (action) {
      case 'pause':
        this.#pause(FOREVER);
        break;
      case 'pauseForAWhile':
        this.#pause(time.now() + random.between(500, 30_000));
        break;
      case 'resume': {
        const scopes = this.#machine.pauses.scopes();
        if (scopes.length > 0) this.#resume(random.pick(scopes));
        break;
      }
      case 'holdItem':
        this.#hold();
        break;
      case 'retry': {
        const id = this.#any('failed', 'waiting');
        if (id !== null) this.retry(id);
        break;
      }
      case 'cancel': {
        const id = this.#any('pending', 'running', 'waiting', 'failed', 'conflict');
        if (id !== null)
          this.#machine.command(({ core }) => {
            core.commands.cancel(id);
            core.wake();
          });
        break;
      }
      case 'resolve': {
        const id = this.#any('conflict');
        if (id !== null) this.resolve(id, random.pick(KEEPS));
        break;
      }
      case 'rescan':
        this.#machine.command(({ core }) => {
          core.rescan();
        });
        break;
      case 'lookAgain':
        this.#machine.command(({ core }) => {
          core.lookAgain();
        });
        break;
      case 'call':
        this.#calls.queue(random);
        break;
      case 'restore':
        restoreObjects(this.#machine, random);
        break;
      case 'decideGuard':
        this.decideGuard();
        break;
      case 'undo':
        this.#undo();
        break;
      case 'goOffline':
      case 'unreachable':
      case 'restart':
      case 'jumpClock':
      case 'powerCut':
      case 'sleep':
      case 'fillDatabase':
        this.#events.act(action, random);
        break;
    }
  }

  /** Everything that people hold back goes on, and everything can be reached. */
  heal(): void {
    const { pauses, outbox } = this.#machine;
    this.#events.heal();
    const stored = outbox.pauses().map(({ scope }) => scope);
    for (const scope of new Set([...stored, ...pauses.scopes()])) this.#resume(scope);
    for (const { id, heldUntil } of outbox.inStates('pending', 'running', 'waiting', 'conflict', 'failed'))
      if (heldUntil > 0) this.#resume(`item:${id}`);
    this.#machine.command(({ core }) => {
      core.lookAgain();
    });
  }

  /** A person looks at what is left to them, and settles some of it. */
  decide(): void {
    const { outbox, random } = this.#machine;
    this.#random = random;
    for (const { id } of outbox.inStates('failed')) if (random.chance(0.5)) this.retry(id);
    for (const { id } of outbox.inStates('conflict')) if (random.chance(0.7)) this.resolve(id, random.pick(KEEPS));
    this.decideGuard();
    if (random.chance(0.3)) this.#undo();
  }

  retry(id: string): void {
    this.#machine.command(({ core }) => {
      core.commands.retry(id, false);
      core.wake();
    });
  }

  resolve(id: string, keep: Keep): void {
    this.#machine.command(({ core }) => {
      const refused = resolveConflict(core.conflicts.deps, id, keep);
      if (refused === null) this.#machine.world.coverage.hit(`resolved ${keep}`);
      core.wake();
    });
  }

  /** A person takes back what was decided about a conflict. */
  #undo(): void {
    const decided = this.#machine.outbox.decided();
    if (decided.length === 0) return;
    const id = this.#random.pick(decided);
    this.#machine.command(({ core }) => {
      const undone = undoDecision({ ...core.conflicts.deps, contentTypeOf: () => 'application/octet-stream' }, id);
      this.#machine.world.coverage.hit(undone.ok ? 'undone' : 'not undone');
      core.wake();
    });
  }

  /** A person says what is to become of a mass delete. */
  decideGuard(): void {
    const { config, outbox, removals, time, world } = this.#machine;
    for (const { name } of config.folders) {
      if (outbox.guardOf(name) === null) continue;
      const decision = this.#random.pick(['delete', 'delete', 'keep'] as const);
      this.#machine.ask(async ({ core, clock }) => {
        if (decision === 'delete') removals.allowed.set(name, time.elapsedMs);
        else removals.refused.add(name);
        const count = await decideDeletes(core, clock, name, decision);
        if (count !== null) world.coverage.hit(`mass delete: ${decision}`);
      });
    }
  }

  /** What stands where a folder was frozen is adopted: a person has looked, and it is the right one. */
  adoptFrozen(): void {
    const { config, removals, world } = this.#machine;
    for (const { name } of config.folders) {
      this.#machine.ask(async ({ core, clock }) => {
        if ((core.folder(name)?.state().frozen ?? null) === null) return;
        removals.refused.add(name);
        world.coverage.hit('folder adopted');
        await adoptFolder(core, clock, name);
      });
    }
  }

  #any(...states: readonly string[]): string | null {
    const found = this.#machine.outbox.inStates(...states);
    return found.length === 0 ? null : this.#random.pick(found).id;
  }

  #pause(until: number): void {
    const { config, time, pauses, requests } = this.#machine;
    const random = this.#random;
    const scope = random.pick(['all', 'all', ...config.folders.map(({ name }) => `folder:${name}`), 'provider:keyed']);
    this.#machine.command(({ core }) => {
      core.pause(scope, until);
      pauses.set(scope, until);
      const atMs = time.elapsedMs;
      time.schedule(1000, 'pause check', () => {
        requests.checkStopped(atMs);
      });
    });
  }

  #resume(scope: string): void {
    const { pauses } = this.#machine;
    this.#machine.command(({ core }) => {
      // To resume everything ends every pause.
      for (const each of scope === 'all' ? pauses.scopes() : [scope]) pauses.clear(each);
      if (scope.startsWith('item:')) core.hold(scope.slice('item:'.length), 0);
      else core.resume(scope);
    });
  }

  #hold(): void {
    const id = this.#any('pending', 'running', 'waiting');
    const { time, pauses } = this.#machine;
    const random = this.#random;
    if (id === null) return;
    const until = random.chance(0.5) ? FOREVER : time.now() + random.between(500, 20_000);
    this.#machine.command(({ core }) => {
      if (core.hold(id, until) === null) pauses.set(`item:${id}`, until);
    });
  }
}
