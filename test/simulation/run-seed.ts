import { PARTIAL_PREFIX } from '../../src/watch/default-ignores.ts';
import { checkEnd } from './final-checks.ts';
import { isElsewhere } from './machine-config.ts';
import { Limits, type RunLimits } from './run-limits.ts';
import { ScenarioActions } from './scenario-actions.ts';
import { pauseMs, scaleOf, type RunScale } from './run-size.ts';
import type { OperationFacts } from './outbox-view.ts';
import type { SimMachine } from './sim-machine.ts';
import { SimWorld } from './sim-world.ts';
import type { Violation } from './violations.ts';

/** A run that takes more steps than this hangs in a loop. */
const MAX_STEPS = 60_000;
/** When nothing is in the way any more the backlog has to drain within this, simulated. */
const DRAIN_MS = 3 * 60 * 60_000;
/** Part of the runs that begin with a folder that is long in use. */
const ESTABLISHED = 0.6;
/** By then its files are in the storage; some conflicts of two devices may wait for a person. */
const ESTABLISH_MS = 60_000;
const SETTLE_MS = 3000;
const HOUR_MS = 60 * 60_000;
/** Timers and deferred calls in one simulated minute; a busy minute has a few hundred. */
const MAX_WAKINGS = 3000;
/** Questions to services may fall due in any hour: those of one probe for each destination. */
const MAX_PROBE_REQUESTS = 90;
/** Writes of an idle engine, within an hour: each scan notes when it was. */
const MAX_IDLE_WRITES = 200;
/** Steps that a run needs in order to count. */
export const COUNTING_STEPS = 200;

export interface RunResult {
  readonly seed: number;
  readonly limits: RunLimits;
  /** Actions begun, those left out included. */
  readonly actions: number;
  /** Numbers of the changes of the configuration, those left out included. */
  readonly changes: readonly number[];
  readonly steps: number;
  readonly crashes: number;
  readonly faults: number;
  readonly violations: readonly Violation[];
  readonly coverage: readonly (readonly [string, number])[];
  readonly trace: readonly string[] | null;
}

/** One life of a machine, from its seed alone: a time of trouble, then peace, then a time in which nothing may happen. */
export async function runSeed(seed: number, trace = false, limits: RunLimits = {}): Promise<RunResult> {
  const permitted = new Limits(limits);
  const run = new Run(new SimWorld(seed, trace, permitted), permitted, limits);
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
  readonly #actions: ScenarioActions;
  readonly #limits: Limits;
  readonly #asked: RunLimits;
  readonly #scale: RunScale;
  #steps = 0;
  #minute = -1;
  #wakings = 0;
  #actionsLeft: number;
  #crashChance: number;

  constructor(world: SimWorld, limits: Limits, asked: RunLimits) {
    this.world = world;
    this.#limits = limits;
    this.#asked = asked;
    this.#scale = scaleOf(world.seed, asked);
    this.#actions = new ScenarioActions(world, limits);
    const { random } = world;
    this.#actionsLeft = Math.min(random.between(...this.#scale.actions), limits.maxActions);
    this.#crashChance = random.pick(this.#scale.crashChances);
  }

  async run(): Promise<RunResult> {
    const world = this.world;
    await this.#trouble();
    if (this.#fine()) await this.#peace();
    if (this.#fine()) await this.#quietTime();
    // A probe may have fallen due in the last minutes: what it may have left is looked for twice.
    if (this.#fine()) await this.#until(() => this.#quiet(), 'probes are cleared away');
    if (this.#fine()) checkEnd(world, this.#actions.remote);
    for (const { outbox } of world.machines) {
      for (const { type, from, to, n } of outbox.transitions())
        world.coverage.hit(`step ${from ?? '∅'} → ${to ?? '∅'} (${type})`, n);
      for (const { result, n } of outbox.results()) world.coverage.hit(`result ${result}`, n);
      for (const { kind, state, n } of outbox.ends()) world.coverage.hit(`${kind} ends ${state}`, n);
    }
    world.close();
    return {
      seed: world.seed,
      limits: this.#asked,
      actions: this.#actions.begun,
      changes: this.#actions.configs.begun,
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
    const next = () => {
      if (this.#actionsLeft <= 0) return;
      this.#actionsLeft -= 1;
      this.#actions.act();
      world.time.schedule(pauseMs(this.#scale, world.random), 'action', next);
    };
    for (const machine of world.machines) machine.start();
    if (world.random.chance(ESTABLISHED)) await this.#establish();
    world.time.schedule(world.random.fraction() * 200, 'action', next);
    while (this.#actionsLeft > 0 && this.#fine() && this.#steps < MAX_STEPS) {
      if (world.random.chance(this.#crashChance)) this.#crash();
      await this.#step();
    }
  }

  /** Files that are in the storage already: what moves and deletes are about. */
  async #establish(): Promise<void> {
    const { world } = this;
    const { faults, machines, time } = world;
    faults.on = false;
    for (const disk of this.#actions.disks) disk.fill(world.random.fork(), this.#scale.files);
    const latestMs = time.elapsedMs + ESTABLISH_MS;
    while (time.elapsedMs < latestMs && this.#fine() && this.#steps < MAX_STEPS) {
      await this.#step();
      if (time.elapsedMs > SETTLE_MS && machines.every(isQuiet)) break;
    }
    faults.on = true;
  }

  #crash(): void {
    const { random, machines, crashes } = this.world;
    const machine = random.pick(machines);
    const between = random.chance(0.5);
    const writes = random.between(1, 12);
    if (crashes >= this.#limits.maxCrashes) return;
    if (between) machine.crash('between');
    else machine.database.writesUntilCrash = writes;
  }

  /** No faults any more. The backlog drains; people settle what is left to them; it drains again. */
  async #peace(): Promise<void> {
    const { world } = this;
    const { machines } = world;
    world.trace('— peace —');
    world.faults.on = false;
    for (const { database } of machines) database.writesUntilCrash = null;
    for (const disk of this.#actions.disks) disk.heal();
    await this.#until(
      () =>
        this.#actions.disks.every(({ underWay }) => underWay === 0) &&
        machines.every(({ engine, stopping }) => engine !== null && !stopping),
      'the scenario ends',
    );
    for (const disk of this.#actions.disks) disk.heal();
    for (const engine of this.#actions.engines) engine.heal();
    this.#actions.configs.heal();
    this.#lookAfterFolders(20);
    const foundMs = world.time.elapsedMs + this.#scale.scanMs;
    await this.#until(() => world.time.elapsedMs >= foundMs && this.#quiet(), 'the backlog drains');
    for (let round = 0; round < 4 && this.#fine(); round += 1) {
      for (const engine of this.#actions.engines) engine.decide();
      await this.#until(() => this.#quiet(), 'the backlog drains after decisions');
    }
  }

  /** Every minute somebody looks whether a folder is frozen. */
  #lookAfterFolders(times: number): void {
    if (times === 0) return;
    this.world.time.schedule(60_000, 'a person looks', () => {
      for (const engine of this.#actions.engines) engine.adoptFrozen();
      this.#lookAfterFolders(times - 1);
    });
  }

  /** P13 and more: a settled system sends nothing, writes nothing, and has never touched the disk. */
  async #quietTime(): Promise<void> {
    const { world } = this;
    const { machines, violations, time } = world;
    const before = machines.map(({ disk, outbox, requests, database }) => ({
      digest: disk.digest(),
      changes: disk.changes,
      events: outbox.lastEvent(),
      requests: requests.count,
      probes: requests.probes,
      writes: database.writes,
    }));
    const endMs = time.elapsedMs + this.#scale.quietMs;
    for (let next = time.nextAtMs(); next !== null && next <= endMs && this.#fine(); next = time.nextAtMs())
      await this.#step();
    time.advanceTo(endMs);
    machines.forEach(({ disk, outbox, requests, database }, index) => {
      const was = before[index];
      if (was === undefined) return;
      if (requests.count !== was.requests || requests.probes - was.probes > MAX_PROBE_REQUESTS)
        violations.add('quiet', `${requests.count - was.requests} requests with nothing to do`);
      if (outbox.lastEvent() !== was.events) violations.add('quiet', 'events with nothing to do');
      if (database.writes - was.writes > MAX_IDLE_WRITES)
        violations.add('quiet', `${database.writes - was.writes} writes with nothing to do`);
      if (disk.digest() !== was.digest || disk.changes !== was.changes)
        violations.add('P13', 'the disk changed although nobody but the engine was there');
    });
  }

  #quiet(): boolean {
    return this.world.machines.every(isQuiet);
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    const { time, violations, machines } = this.world;
    const deadlineMs = time.elapsedMs + DRAIN_MS;
    while (this.#fine()) {
      if (done()) return;
      if (time.elapsedMs > deadlineMs || this.#steps > MAX_STEPS || time.nextAtMs() === null) {
        const left = machines.flatMap(({ outbox }) =>
          outbox
            .inStates('pending', 'running', 'waiting')
            .map((o) => `${o.state} ${o.kind} ${o.lane} ${o.target}`)
            .concat(outbox.cleanups().map(({ key, dueAt }) => `cleanup of ${key} due ${dueAt}`)),
        );
        const why = this.#steps > MAX_STEPS ? 'too many steps' : `${Math.round(DRAIN_MS / HOUR_MS)} h`;
        violations.add('P2', `not in time (${why}): ${what}; ${left.join('; ')} at ${time.trueNow()}`);
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
}

/** Nothing is left to do on this machine but what waits for a person. */
function isQuiet(machine: SimMachine): boolean {
  if (machine.changing) return false;
  const { engine, outbox, wire, config } = machine;
  if (config.folders.some(({ name }) => (engine?.core.folder(name)?.state().frozen ?? null) !== null)) return false;
  if (engine === null || !engine.core.idle() || wire.inFlight().length > 0) return false;
  // Deletes follow when their grace is over.
  if (config.folders.some(({ name }) => (engine.core.folder(name)?.state().deletesAt ?? null) !== null)) return false;
  // What could not be put away yet is tried again, within the hour.
  const wishes = outbox.foldersWithWishes();
  if (config.folders.some(({ name }) => wishes.includes(name))) return false;
  const open = outbox.inStates('pending', 'running', 'waiting');
  // Deletes that were queued wait as well while a person is asked about many others.
  const asked = new Set(config.folders.filter(({ name }) => outbox.guardOf(name) !== null).map(({ name }) => name));
  const away = (folder: string | null) => folder !== null && !config.folders.some(({ name }) => name === folder);
  const waits = ({ seq, kind, folder }: OperationFacts) =>
    away(folder) || outbox.waitsForDecision(seq) || (kind === 'file.delete' && asked.has(folder ?? ''));
  const cleanups = outbox.cleanups().filter(({ place }) => !isElsewhere(config, place));
  return cleanups.length === 0 && open.every(waits) && !hasStalePartials(machine);
}

/** What a download left that has ended: the next scan takes it away. */
function hasStalePartials({ config, disk, outbox }: SimMachine): boolean {
  return config.folders.some((folder) =>
    disk.files(folder.path).some(({ path }) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      const operation = name.startsWith(PARTIAL_PREFIX) ? outbox.byId(name.slice(PARTIAL_PREFIX.length)) : null;
      return operation !== null && ['succeeded', 'cancelled', 'superseded'].includes(operation.state);
    }),
  );
}
