import { FOREVER } from '../../src/db/stored-operation.ts';
import { queueCall, type NewCall } from '../../src/sync/queue-call.ts';
import { adoptFolder, decideDeletes } from '../../src/engine/folder-decisions.ts';
import { undoDecision } from '../../src/sync/conflicts/undo-decision.ts';
import { resolveConflict, type Keep } from '../../src/sync/resolve-conflict.ts';
import type { Params } from '../../src/protocol/contract.ts';
import { RpcRefusal } from '../../src/protocol/rpc-errors.ts';
import { isProbe } from './bucket.ts';
import { keyPrefixOf } from './machine-config.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Engine, SimMachine } from './sim-machine.ts';

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
/** Calls of which so many come with another one for the same record. */
const TWIN_EVERY = 3;

/** What people ask of the engine, and what happens to the machine. */
export class EngineActions {
  readonly #machine: SimMachine;
  #random: SeededRandom;
  #nextCall = 1;

  constructor(machine: SimMachine) {
    this.#machine = machine;
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
      case 'goOffline':
        this.#goOffline();
        break;
      case 'unreachable':
        this.#unreachable();
        break;
      case 'restart':
        this.#machine.stop(random.between(0, 5000));
        break;
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
      case 'jumpClock':
        this.#jump();
        break;
      case 'call':
        this.#call();
        break;
      case 'restore':
        this.#restore();
        break;
      case 'decideGuard':
        this.decideGuard();
        break;
      case 'undo':
        this.#undo();
        break;
      case 'powerCut':
        this.#machine.crash('power');
        break;
      case 'sleep':
        this.#sleep();
        break;
      case 'fillDatabase':
        this.#machine.database.full = true;
        time.schedule(random.between(500, 30_000), 'room for the database', () => {
          this.#machine.database.full = false;
        });
        break;
    }
  }

  /** Everything that people hold back goes on, and everything can be reached. */
  heal(): void {
    const { pauses, roads, outbox, time } = this.#machine;
    this.#machine.database.full = false;
    if (time.skewMs !== 0) this.#setClock(-time.skewMs);
    for (const road of roads.values()) road.reachable = true;
    if (this.#machine.offline) this.#goOnline();
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

  /** A person wants objects back in their folder: what is gone there, and older versions. */
  #restore(): void {
    const { config, disk } = this.#machine;
    const random = this.#random;
    if (config.folders.length === 0) return;
    const folder = random.pick(config.folders);
    const prefix = keyPrefixOf(config, folder);
    const bucket = this.#machine.bucketOf(folder.destination);
    const keys = [...(bucket?.history.keys() ?? [])].filter((key) => key.startsWith(prefix) && !isProbe(key));
    const here = new Set(disk.files(folder.path).map(({ path }) => prefix + path.normalize('NFC')));
    const gone = keys.filter((key) => !here.has(key) && bucket?.current(key) != null);
    for (let left = random.between(1, 3); left > 0 && keys.length > 0; left -= 1) {
      const key = gone.length > 0 && random.chance(0.6) ? random.pick(gone) : random.pick(keys);
      const old =
        bucket?.history.get(key)?.filter(({ bytes, versionId }) => bytes !== null && versionId !== null) ?? [];
      const versionId = old.length > 0 && random.chance(0.5) ? random.pick(old).versionId : null;
      this.#restoreOne({ folder: folder.name, key, ...(versionId === null ? {} : { versionId }) });
    }
  }

  #restoreOne(request: Params<'restore'>): void {
    const { requests, world } = this.#machine;
    this.#ask(async ({ core }) => {
      try {
        await requests.byPerson(() => core.restore(request));
        world.coverage.hit(request.versionId === undefined ? 'restore' : 'restore of a version');
      } catch (error) {
        if (!(error instanceof RpcRefusal)) throw error;
        world.coverage.hit('restore refused');
      }
    });
  }

  /** A person says what is to become of a mass delete. */
  decideGuard(): void {
    const { config, outbox, removals, time, world } = this.#machine;
    for (const { name } of config.folders) {
      if (outbox.guardOf(name) === null) continue;
      const decision = this.#random.pick(['delete', 'delete', 'keep'] as const);
      this.#ask(async ({ core, clock }) => {
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
      this.#ask(async ({ core, clock }) => {
        if ((core.folder(name)?.state().frozen ?? null) === null) return;
        removals.refused.add(name);
        world.coverage.hit('folder adopted');
        await adoptFolder(core, clock, name);
      });
    }
  }

  /** A command that takes its time; a crash in the middle of it is one of the things that happen. */
  #ask(work: (engine: Engine) => Promise<void>): void {
    this.#machine.command((engine) => {
      work(engine).catch((error: unknown) => {
        this.#machine.thrown(error);
      });
    });
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

  #goOffline(): void {
    const { roads, time } = this.#machine;
    const random = this.#random;
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
  #unreachable(): void {
    const { roads, time } = this.#machine;
    const random = this.#random;
    const road = random.pick([...roads.values()]);
    road.reachable = false;
    time.schedule(random.between(500, 90_000), 'reachable', () => {
      if (!this.#machine.offline) road.reachable = true;
    });
  }

  #jump(): void {
    const { time } = this.#machine;
    const random = this.#random;
    // Once wrong, it is as likely set right as made worse.
    // No jump is as long as a pause of the scenario: two states of a file would have the very same times.
    const wrong = random.pick([1517, -1517, 600_000, -600_000, 3_600_000, -3_600_000, 86_400_000, -86_400_000]);
    this.#setClock(time.skewMs !== 0 && random.chance(0.6) ? -time.skewMs : wrong);
  }

  /** The lid is closed for hours: timers stand still, connections break, and the world goes on. */
  #sleep(): void {
    const { world, time } = this.#machine;
    world.coverage.hit('sleep');
    const forMs = this.#random.pick([60_000, 3_600_000, 8 * 3_600_000]);
    const told = this.#random.chance(0.7);
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

  #call(): void {
    const { services } = this.#machine.world;
    const random = this.#random;
    const provider = random.pick(['keyed', 'keyed', 'plain'] as const);
    const method = random.pick(['POST', 'POST', 'PUT', 'PUT', 'PATCH', 'DELETE']);
    const path = method === 'POST' ? '/orders' : `/records/${random.below(3)}`;
    const tag = `${this.#machine.name}-call-${this.#nextCall}`;
    this.#nextCall += 1;
    const body = { title: tag, ...(random.chance(0.05) ? { invalid: true } : {}) };
    const versioned = method !== 'POST' && random.chance(0.5);
    const call: NewCall = {
      method,
      provider,
      url: path,
      headers: { 'x-tag': tag },
      body: method === 'DELETE' ? null : JSON.stringify(body),
      ifMatch: versioned ? (services.get(provider)?.version(path) ?? null) : null,
      idempotencyKey: random.chance(0.3) ? `key-${tag}` : null,
      resource: null,
      priority: random.pick(['low', 'normal', 'high', 'critical'] as const),
      timeoutMs: 60_000,
    };
    this.#queue(tag, call);
    if (this.#nextCall % TWIN_EVERY > 0 || method === 'POST') return;
    // In the same breath another one for the same record, which must not overtake it, however urgent it is.
    const twin = `${tag}-twin`;
    const more = { title: twin, seen: tag };
    this.#queue(twin, {
      ...call,
      method: 'PUT',
      headers: { 'x-tag': twin },
      body: JSON.stringify(more),
      ifMatch: null,
      idempotencyKey: null,
      priority: 'critical',
    });
  }

  #queue(tag: string, call: NewCall): void {
    const random = this.#random;
    this.#machine.command(({ core, repos, clock, sealer }) => {
      const queued = queueCall({ repos, clock, random, sealer }, call);
      this.#machine.calls.set(tag, queued.operation.id);
      core.wake();
    });
  }
}
