import { FOREVER } from '../../src/db/stored-operation.ts';
import { queueCall, type NewCall } from '../../src/sync/queue-call.ts';
import { resolveConflict, type Keep } from '../../src/sync/resolve-conflict.ts';
import type { SimWorld } from './sim-world.ts';

export const ENGINE_ACTIONS = {
  pause: 1.5,
  pauseForAWhile: 1,
  resume: 3,
  holdItem: 0.7,
  retry: 1.5,
  cancel: 0.7,
  resolve: 3,
  goOffline: 0.5,
  unreachable: 1,
  restart: 0.6,
  rescan: 0.5,
  lookAgain: 0.3,
  jumpClock: 0.3,
  call: 4,
} as const;
export type EngineAction = keyof typeof ENGINE_ACTIONS;

const KEEPS: readonly Keep[] = ['local', 'remote', 'both'];

/** What people ask of the engine, and what happens to the machine. */
export class EngineActions {
  readonly #world: SimWorld;
  #nextCall = 1;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  act(action: EngineAction): void {
    const { random, time } = this.#world;
    switch (action) {
      case 'pause':
        this.#pause(FOREVER);
        break;
      case 'pauseForAWhile':
        this.#pause(time.now() + random.between(500, 30_000));
        break;
      case 'resume': {
        const scopes = this.#world.pauses.scopes();
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
          this.#world.command(({ core }) => {
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
        this.#world.stop(random.between(0, 5000));
        break;
      case 'rescan':
        this.#world.command(({ core }) => {
          core.rescan();
        });
        break;
      case 'lookAgain':
        this.#world.command(({ core }) => {
          core.lookAgain();
        });
        break;
      case 'jumpClock':
        this.#jump();
        break;
      case 'call':
        this.#call();
        break;
    }
  }

  /** Everything that people hold back goes on, and everything can be reached. */
  heal(): void {
    const { pauses, roads, outbox, time } = this.#world;
    if (time.skewMs !== 0) this.#setClock(-time.skewMs);
    for (const road of roads.values()) road.reachable = true;
    if (this.#world.offline) this.#goOnline();
    const stored = outbox.pauses().map(({ scope }) => scope);
    for (const scope of new Set([...stored, ...pauses.scopes()])) this.#resume(scope);
    for (const { id, heldUntil } of outbox.inStates('pending', 'running', 'waiting', 'conflict', 'failed'))
      if (heldUntil > 0) this.#resume(`item:${id}`);
    this.#world.command(({ core }) => {
      core.lookAgain();
    });
  }

  retry(id: string): void {
    this.#world.command(({ core }) => {
      core.commands.retry(id, false);
      core.wake();
    });
  }

  resolve(id: string, keep: Keep): void {
    this.#world.command(({ core, repos }) => {
      const refused = resolveConflict({ repos, now: this.#world.time.now(), device: 'sim' }, id, keep);
      if (refused === null) this.#world.coverage.hit(`resolved ${keep}`);
      core.wake();
    });
  }

  #any(...states: readonly string[]): string | null {
    const found = this.#world.outbox.inStates(...states);
    return found.length === 0 ? null : this.#world.random.pick(found).id;
  }

  #pause(until: number): void {
    const { random, config, time, pauses, requests } = this.#world;
    const scope = random.pick(['all', 'all', ...config.folders.map(({ name }) => `folder:${name}`), 'provider:keyed']);
    this.#world.command(({ core }) => {
      core.pause(scope, until);
      pauses.set(scope, until);
      const atMs = time.elapsedMs;
      time.schedule(1000, 'pause check', () => {
        requests.checkStopped(atMs);
      });
    });
  }

  #resume(scope: string): void {
    const { pauses } = this.#world;
    this.#world.command(({ core }) => {
      pauses.clear(scope);
      if (scope.startsWith('item:')) core.hold(scope.slice('item:'.length), 0);
      else core.resume(scope);
    });
  }

  #hold(): void {
    const id = this.#any('pending', 'running', 'waiting');
    const { random, time, pauses } = this.#world;
    if (id === null) return;
    const until = random.chance(0.5) ? FOREVER : time.now() + random.between(500, 20_000);
    this.#world.command(({ core }) => {
      if (core.hold(id, until) === null) pauses.set(`item:${id}`, until);
    });
  }

  #goOffline(): void {
    const { roads, random, time } = this.#world;
    if (this.#world.offline) return;
    this.#world.offline = true;
    for (const road of roads.values()) road.reachable = false;
    this.#world.command(({ core }) => {
      core.setOffline(true);
    });
    time.schedule(random.between(1000, 60_000), 'online', () => {
      this.#goOnline();
    });
  }

  #goOnline(): void {
    if (!this.#world.offline) return;
    this.#world.offline = false;
    for (const road of this.#world.roads.values()) road.reachable = true;
    this.#world.command(({ core }) => {
      core.setOffline(false);
    });
  }

  /** A service is gone, and nobody tells the engine. */
  #unreachable(): void {
    const { roads, random, time } = this.#world;
    const road = random.pick([...roads.values()]);
    road.reachable = false;
    time.schedule(random.between(500, 90_000), 'reachable', () => {
      if (!this.#world.offline) road.reachable = true;
    });
  }

  #jump(): void {
    const { random, time } = this.#world;
    // Once wrong, it is as likely set right as made worse.
    const wrong = random.pick([1500, -1500, 600_000, -600_000, 3_600_000, -3_600_000, 86_400_000, -86_400_000]);
    this.#setClock(time.skewMs !== 0 && random.chance(0.6) ? -time.skewMs : wrong);
  }

  #setClock(byMs: number): void {
    const { time, coverage } = this.#world;
    coverage.hit(`clock jumps ${byMs < 0 ? 'back' : 'ahead'}`);
    time.jump(byMs);
    this.#world.pauses.clockWasSet();
  }

  #call(): void {
    const { random, calls, services } = this.#world;
    const provider = random.pick(['keyed', 'keyed', 'plain'] as const);
    const method = random.pick(['POST', 'POST', 'PUT', 'PUT', 'PATCH', 'DELETE']);
    const path = method === 'POST' ? '/orders' : `/records/${random.below(3)}`;
    const tag = `call-${this.#nextCall}`;
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
    this.#world.command(({ core, repos, clock, sealer }) => {
      const queued = queueCall({ repos, clock, random, sealer }, call);
      calls.set(tag, queued.operation.id);
      core.wake();
    });
  }
}
