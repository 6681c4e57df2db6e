import { DISK_ACTIONS, DiskActions, type DiskAction } from './disk-actions.ts';
import { ENGINE_ACTIONS, EngineActions, type EngineAction } from './engine-actions.ts';
import { checkEnd } from './final-checks.ts';
import { REMOTE_ACTIONS, RemoteActions, type RemoteAction } from './remote-actions.ts';
import { SimWorld } from './sim-world.ts';
import type { Violation } from './violations.ts';

/** A run that takes more steps than this hangs in a loop. */
const MAX_STEPS = 60_000;
/** When nothing is in the way any more the backlog has to drain within this, simulated. */
const DRAIN_MS = 3 * 60 * 60_000;
/** The longest time between two full scans, with some room: by then every change was found. */
const SCAN_MS = 11 * 60_000;
const HOUR_MS = 60 * 60_000;
/** Timers and deferred calls in one simulated minute; a busy minute has a few hundred. */
const MAX_WAKINGS = 3000;
/** Steps that a run needs in order to count. */
export const COUNTING_STEPS = 200;

export interface RunResult {
  readonly seed: number;
  readonly steps: number;
  readonly crashes: number;
  readonly faults: number;
  readonly violations: readonly Violation[];
  readonly coverage: readonly (readonly [string, number])[];
  readonly trace: readonly string[] | null;
}

type Action =
  | { readonly kind: 'disk'; readonly name: DiskAction }
  | { readonly kind: 'engine'; readonly name: EngineAction }
  | { readonly kind: 'remote'; readonly name: RemoteAction };

/** One life of a machine, from its seed alone: a time of trouble, then peace, then an hour in which nothing may happen. */
export async function runSeed(seed: number, trace = false): Promise<RunResult> {
  const run = new Run(new SimWorld(seed, trace));
  const stray = (error: unknown) => {
    run.world.thrown(error);
  };
  process.on('unhandledRejection', stray);
  try {
    return await run.run();
  } finally {
    // Rejections that nobody took are reported only now.
    await new Promise(setImmediate);
    process.off('unhandledRejection', stray);
  }
}

class Run {
  readonly world: SimWorld;
  readonly #disk: DiskActions;
  readonly #engine: EngineActions;
  readonly #remote: RemoteActions;
  #steps = 0;
  #minute = -1;
  #wakings = 0;
  #actionsLeft: number;
  #crashChance: number;

  constructor(world: SimWorld) {
    this.world = world;
    this.#disk = new DiskActions(world);
    this.#engine = new EngineActions(world);
    this.#remote = new RemoteActions(world);
    const { random } = world;
    this.#actionsLeft = random.between(15, 60);
    this.#crashChance = random.pick([0, 1 / 400, 1 / 150, 1 / 60]);
  }

  async run(): Promise<RunResult> {
    const world = this.world;
    await this.#trouble();
    if (this.#fine()) await this.#peace();
    if (this.#fine()) await this.#quietHour();
    if (this.#fine()) checkEnd(world, this.#remote);
    for (const { type, from, to, n } of world.outbox.transitions())
      world.coverage.hit(`step ${from ?? '∅'} → ${to ?? '∅'} (${type})`, n);
    for (const { result, n } of world.outbox.results()) world.coverage.hit(`result ${result}`, n);
    world.close();
    return {
      seed: world.seed,
      steps: this.#steps,
      crashes: world.crashes,
      faults: world.coverage.sum('fault '),
      violations: world.violations.list,
      coverage: [...world.coverage.counts],
      trace: world.traceLines,
    };
  }

  #fine(): boolean {
    return this.world.violations.list.length === 0;
  }

  /** People work, services fail, the engine dies. */
  async #trouble(): Promise<void> {
    const world = this.world;
    const weights = swarm(world);
    const next = () => {
      if (this.#actionsLeft <= 0) return;
      this.#actionsLeft -= 1;
      this.#act(pickAction(world, weights));
      const pauseMs = world.random.chance(0.4)
        ? world.random.fraction() * 60
        : world.random.chance(0.9)
          ? world.random.fraction() * 3000
          : world.random.fraction() * 90_000;
      world.time.schedule(pauseMs, 'action', next);
    };
    world.start();
    world.time.schedule(world.random.fraction() * 200, 'action', next);
    while (this.#actionsLeft > 0 && this.#fine() && this.#steps < MAX_STEPS) {
      if (world.random.chance(this.#crashChance)) this.#crash();
      await this.#step();
    }
  }

  #crash(): void {
    const { random, database } = this.world;
    if (random.chance(0.5)) this.world.crash('between');
    else database.writesUntilCrash = random.between(1, 12);
  }

  /** No faults any more. The backlog drains; people settle what is left to them; it drains again. */
  async #peace(): Promise<void> {
    const world = this.world;
    world.trace('— peace —');
    world.faults.on = false;
    world.database.writesUntilCrash = null;
    this.#disk.heal();
    await this.#until(() => this.#disk.underWay === 0 && world.engine !== null && !world.stopping, 'the scenario ends');
    this.#disk.heal();
    this.#engine.heal();
    const foundMs = world.time.elapsedMs + SCAN_MS;
    await this.#until(() => world.time.elapsedMs >= foundMs && this.#quiet(), 'the backlog drains');
    for (let round = 0; round < 4 && this.#fine(); round += 1) {
      const failed = world.outbox.inStates('failed');
      const conflicts = world.outbox.inStates('conflict');
      for (const { id } of failed) if (world.random.chance(0.5)) this.#engine.retry(id);
      for (const { id } of conflicts)
        if (world.random.chance(0.7)) this.#engine.resolve(id, world.random.pick(['local', 'remote', 'both']));
      await this.#until(() => this.#quiet(), 'the backlog drains after decisions');
    }
  }

  /** P13 and more: a settled system sends nothing, writes nothing, and has never touched the disk. */
  async #quietHour(): Promise<void> {
    const { world, digest, events, requests } = {
      world: this.world,
      digest: this.world.disk.digest(),
      events: this.world.outbox.lastEvent(),
      requests: this.world.requests.count,
    };
    const { changes } = world.disk;
    const endMs = world.time.elapsedMs + HOUR_MS;
    for (let next = world.time.nextAtMs(); next !== null && next <= endMs && this.#fine(); next = world.time.nextAtMs())
      await this.#step();
    world.time.advanceTo(endMs);
    if (world.requests.count !== requests)
      world.violations.add('quiet', `${world.requests.count - requests} requests in an hour with nothing to do`);
    if (world.outbox.lastEvent() !== events) world.violations.add('quiet', 'events in an hour with nothing to do');
    if (world.disk.digest() !== digest || world.disk.changes !== changes)
      world.violations.add('P13', 'the disk changed although nobody but the engine was there');
  }

  #quiet(): boolean {
    const { engine, outbox, wire, config } = this.world;
    if (config.folders.some(({ name }) => (engine?.core.folder(name)?.state().frozen ?? null) !== null)) return false;
    if (engine === null || !engine.core.idle() || wire.inFlight().length > 0) return false;
    const open = outbox.inStates('pending', 'running', 'waiting');
    return outbox.cleanups().length === 0 && open.every(({ seq }) => outbox.waitsForDecision(seq));
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    const { time, violations, outbox } = this.world;
    const deadlineMs = time.elapsedMs + DRAIN_MS;
    while (this.#fine()) {
      if (done()) return;
      if (time.elapsedMs > deadlineMs || this.#steps > MAX_STEPS || time.nextAtMs() === null) {
        const left = outbox.inStates('pending', 'running', 'waiting').map((o) => `${o.state} ${o.lane} ${o.target}`);
        const why = this.#steps > MAX_STEPS ? 'too many steps' : `${Math.round(DRAIN_MS / HOUR_MS)} h`;
        violations.add(
          'P2',
          `not in time (${why}): ${what}; ${left.join('; ')}; cleanups ${JSON.stringify(outbox.cleanups())} at ${time.now()}`,
        );
        return;
      }
      await this.#step();
    }
  }

  async #step(): Promise<void> {
    this.#steps += 1;
    const label = await this.world.time.step();
    if (label === 'timer' || label === 'defer') this.#checkSpin();
  }

  /** An engine that wakes up all the time for nothing empties batteries. */
  #checkSpin(): void {
    const minute = Math.floor(this.world.time.elapsedMs / 60_000);
    this.#wakings = minute === this.#minute ? this.#wakings + 1 : 1;
    this.#minute = minute;
    if (this.#wakings > MAX_WAKINGS)
      this.world.violations.add('quiet', `more than ${MAX_WAKINGS} timers within one minute`);
  }

  #act(action: Action): void {
    this.world.coverage.hit(`action ${action.name}`);
    this.world.trace(`! ${action.name}`);
    switch (action.kind) {
      case 'disk':
        this.#disk.act(action.name);
        break;
      case 'engine':
        this.#engine.act(action.name);
        break;
      case 'remote':
        this.#remote.act(action.name);
        break;
    }
  }
}

/** Each run leaves out some kinds of action, so that the others meet more often. */
function swarm(world: SimWorld): Record<Action['kind'], Record<string, number>> {
  const some = (weights: Readonly<Record<string, number>>, keep: readonly string[]) =>
    Object.fromEntries(
      Object.entries(weights).map(([name, weight]) => [
        name,
        keep.includes(name) || world.random.chance(0.7) ? weight : 0,
      ]),
    );
  return {
    disk: some(DISK_ACTIONS, ['createSmall', 'createLarge']),
    engine: some(ENGINE_ACTIONS, ['resume', 'call']),
    remote: some(REMOTE_ACTIONS, ['recordChanges']),
  };
}

function pickAction(world: SimWorld, weights: Record<Action['kind'], Record<string, number>>): Action {
  const kind = world.random.weighted({ disk: 6, engine: 3, remote: 1.5 });
  const name = world.random.weighted(weights[kind]);
  return { kind, name } as Action;
}
