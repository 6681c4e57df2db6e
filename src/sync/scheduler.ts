import { assert, AssertionFailed } from '../core/assert.ts';
import { LongshoreError, toLongshoreError } from '../core/longshore-error.ts';
import { PRIORITIES, type OperationKind } from '../core/operation.ts';
import type { Clock, EpochMs, Random } from '../core/ports.ts';
import { asDatabaseError } from '../db/database-error.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { RetryPolicy } from '../resilience/retry-policy.ts';
import type { GateKeeper, LaneInfo } from './gate-keeper.ts';
import { Stopped, type Executor, type Outcome, type StopReason } from './outcome.ts';
import { settle } from './settle.ts';

/** In-flight commits (a call, Complete) get this long to finish when the engine shuts down, ms: `run` ends within 5 s. */
const COMMIT_GRACE_MS = 3000;
/** The bound of one attempt, ms. Stalls end far earlier; this catches what nobody foresaw. */
const ATTEMPT_LIMIT_MS = 24 * 60 * 60_000;
/** After a full disk kept the outbox from writing, it is tried again, ms. */
const DISK_FULL_RETRY_MS = 5000;

export interface SchedulerDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly random: Random;
  readonly gates: GateKeeper;
  readonly executors: Partial<Record<OperationKind, Executor>>;
  readonly epoch: number;
  lane(lane: string): LaneInfo;
  retryPolicy(operation: StoredOperation): RetryPolicy;
  /** Operations of one lane that run at once. */
  concurrency(lane: string): number;
  /** Bytes of this operation: finished, and on their way. */
  onProgress(operation: StoredOperation, doneBytes: number, inFlightBytes: number): void;
  /** After a commit: operations started or ended. */
  onSettled(operation: StoredOperation): void;
  /** A bug, or a database that can't be used: the engine has to end. */
  onFatal(error: unknown): void;
}

interface Running {
  readonly operation: StoredOperation;
  readonly lane: LaneInfo;
  readonly stop: AbortController;
  readonly commit: AbortController;
  readonly probe: boolean;
  readonly cancelLimit: () => void;
  /** When byte transfers were told to stop. */
  stopping: StopReason | null;
}

interface Finished {
  readonly running: Running;
  readonly outcome: Outcome;
}

/**
 * Moves the outbox: one transaction settles what has ended and leases what may start, so that a thousand small files
 * cost few commits. Per lane one budget, so that no lane holds up another (P10). Event-driven: `wake` is called when
 * something changed, a timer covers what is due later.
 */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #running = new Map<number, Running>();
  readonly #runningPerLane = new Map<string, number>();
  #finished: Finished[] = [];
  #wakeAsked = false;
  #cancelTimer: (() => void) | null = null;
  #stopped = false;
  #idleWaiters: (() => void)[] = [];

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
  }

  /** Something may have become possible. Cheap: many calls lead to one look. */
  wake(): void {
    if (this.#wakeAsked || this.#stopped) return;
    this.#wakeAsked = true;
    this.#deps.clock.defer(() => {
      this.#wakeAsked = false;
      this.#pump();
    });
  }

  runningCount(): number {
    return this.#running.size;
  }

  isRunning(seq: number): boolean {
    return this.#running.has(seq);
  }

  /** Stops the operations that `which` picks: byte transfers stop at their checkpoint. */
  stop(which: (operation: StoredOperation, lane: LaneInfo) => boolean, reason: StopReason): void {
    for (const running of this.#running.values()) {
      if (running.stopping !== null || !which(running.operation, running.lane)) continue;
      running.stopping = reason;
      running.stop.abort(new Stopped(reason));
    }
  }

  /** Starts nothing more, stops transfers, waits for commits in flight, and settles. */
  async shutdown(): Promise<void> {
    this.stop(() => true, 'shutdown');
    this.#stopped = true;
    this.#cancelTimer?.();
    const cancelGrace = this.#deps.clock.setTimer(COMMIT_GRACE_MS, () => {
      for (const running of this.#running.values()) running.commit.abort(new Stopped('shutdown'));
    });
    if (this.#running.size > this.#finished.length) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
    cancelGrace();
    this.#deps.repos.transaction(() => {
      this.#settleFinished(this.#finished);
    });
    this.#finished = [];
  }

  #pump(): void {
    if (this.#stopped) return;
    const lookedAt = this.#deps.clock.now();
    const finished = this.#finished;
    let started: Running[] = [];
    let settled: StoredOperation[] = [];
    try {
      this.#deps.repos.transaction(() => {
        settled = this.#settleFinished(finished);
        started = this.#leaseAll(new Set(finished.map((entry) => entry.running.operation.seq)));
      });
    } catch (error) {
      this.#databaseTrouble(error);
      return;
    }
    this.#deps.gates.setDiskFull(false);
    this.#finished = this.#finished.filter((entry) => !finished.includes(entry));
    for (const { running } of finished) this.#forget(running);
    for (const running of started) this.#start(running);
    for (const operation of settled) this.#deps.onSettled(operation);
    this.#armTimer(lookedAt);
  }

  #databaseTrouble(error: unknown): void {
    if (asDatabaseError(error, '')?.kind !== 'full') {
      this.#deps.onFatal(error);
      return;
    }
    this.#deps.gates.setDiskFull(true);
    this.#deps.clock.setTimer(DISK_FULL_RETRY_MS, () => {
      this.wake();
    });
  }

  #settleFinished(finished: readonly Finished[]): StoredOperation[] {
    const { repos, gates, random, clock } = this.#deps;
    const settled: StoredOperation[] = [];
    for (const { running, outcome } of finished) {
      const { operation, lane } = running;
      const result = settle(repos, operation, outcome, this.#deps.retryPolicy(operation), random, clock.now());
      if (result.kind === 'settled') {
        settled.push(result.operation);
        if (result.unreachable !== null) gates.failedToReach(lane.service, result.unreachable);
        else if (outcome.kind !== 'stopped' && answered(outcome)) gates.reached(lane.service);
      }
      if (running.probe) gates.probeEnded(lane.service);
    }
    return settled;
  }

  #leaseAll(ending: ReadonlySet<number>): Running[] {
    const started: Running[] = [];
    for (const name of this.#deps.repos.claims.lanes()) {
      const lane = this.#deps.lane(name);
      const allowance = this.#deps.gates.allowance(lane);
      if (allowance === 'none') continue;
      const endingHere = [...ending].filter((seq) => this.#running.get(seq)?.lane.lane === name).length;
      const busy = (this.#runningPerLane.get(name) ?? 0) - endingHere;
      const free = allowance === 'probe' ? 1 : this.#deps.concurrency(name) - busy;
      for (const operation of this.#candidates(name, free)) {
        started.push(this.#lease(operation, lane, allowance === 'probe'));
        if (allowance === 'probe') this.#deps.gates.startProbe(lane.service);
      }
    }
    return started;
  }

  /** Retries that are due come first: they are older. Then by priority, then by age. */
  #candidates(lane: string, free: number): StoredOperation[] {
    if (free <= 0) return [];
    const { claims } = this.#deps.repos;
    const now = this.#deps.clock.now();
    const found = claims.due(lane, now, free);
    for (const priority of PRIORITIES) {
      if (found.length >= free) break;
      found.push(...claims.ready(lane, priority, now, free - found.length));
    }
    return distinctKeys(found);
  }

  #lease(operation: StoredOperation, lane: LaneInfo, probe: boolean): Running {
    const { repos, clock, epoch } = this.#deps;
    const leased = repos.operations.transition(
      operation,
      'lease',
      { leaseEpoch: epoch, leaseAttempt: operation.leaseAttempt + 1, startedAt: operation.startedAt ?? clock.now() },
      { type: 'started', details: { attempt: operation.attempts + 1 } },
    );
    assert(leased !== null, 'a candidate read in this transaction can be leased');
    return {
      operation: leased,
      lane,
      stop: new AbortController(),
      commit: new AbortController(),
      probe,
      cancelLimit: () => undefined,
      stopping: null,
    };
  }

  #start(prepared: Running): void {
    const cancelLimit = this.#deps.clock.setTimer(ATTEMPT_LIMIT_MS, () => {
      prepared.stopping ??= 'timeout';
      prepared.stop.abort(new Stopped('timeout'));
      prepared.commit.abort(new Stopped('timeout'));
    });
    const running: Running = { ...prepared, cancelLimit };
    const { operation } = running;
    this.#running.set(operation.seq, running);
    this.#runningPerLane.set(running.lane.lane, (this.#runningPerLane.get(running.lane.lane) ?? 0) + 1);
    const executor = this.#deps.executors[operation.kind];
    assert(executor !== undefined, `no executor for ${operation.kind}`);
    void this.#attempt(running, executor);
    // A pause or a cancel that came in between the commit and here.
    const now = this.#deps.gates.gateOf(this.#deps.lane(running.lane.lane));
    if (now === 'paused') this.stop((other) => other.seq === operation.seq, 'pause');
  }

  async #attempt(running: Running, executor: Executor): Promise<void> {
    const { operation } = running;
    let outcome: Outcome;
    try {
      outcome = await executor.run(operation, {
        signal: running.stop.signal,
        commitSignal: running.commit.signal,
        progress: (done, inFlight) => {
          this.#deps.onProgress(operation, done, inFlight);
        },
      });
    } catch (error) {
      if (error instanceof AssertionFailed) {
        this.#diedOf(running, error);
        return;
      }
      outcome = { kind: 'failed', error: toLongshoreError(error) };
    }
    this.#ended(running, outcome);
  }

  /** A bug: the row stays `running`, so that recovery counts the death and a crash loop is noticed. */
  #diedOf(running: Running, error: unknown): void {
    running.cancelLimit();
    this.#forget(running);
    this.#resolveWhenIdle();
    this.#deps.onFatal(error);
  }

  #resolveWhenIdle(): void {
    if (this.#finished.length >= this.#running.size) for (const resolve of this.#idleWaiters) resolve();
  }

  #ended(running: Running, outcome: Outcome): void {
    running.cancelLimit();
    const timedOut = running.stopping === 'timeout' && outcome.kind === 'stopped';
    this.#finished.push({
      running,
      outcome: timedOut ? { kind: 'failed', error: new LongshoreError('internal.timeout', { sent: true }) } : outcome,
    });
    if (this.#stopped) {
      this.#resolveWhenIdle();
      return;
    }
    this.wake();
  }

  #forget(running: Running): void {
    if (!this.#running.delete(running.operation.seq)) return;
    const { lane } = running.lane;
    this.#runningPerLane.set(lane, (this.#runningPerLane.get(lane) ?? 1) - 1);
  }

  /** When something is due or a gate opens, whichever is first; also what came due while the look at `lookedAt` was under way. */
  #armTimer(lookedAt: EpochMs): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const { repos, clock, gates } = this.#deps;
    const now = clock.now();
    const times: EpochMs[] = [];
    for (const lane of repos.claims.lanes()) {
      const at = repos.claims.nextDueAt(lane, lookedAt);
      if (at !== null) times.push(at);
    }
    const held = repos.claims.nextHeldUntil(lookedAt);
    if (held !== null) times.push(held);
    const opening = gates.nextOpening(lookedAt);
    if (opening !== null) times.push(opening);
    if (times.length === 0) return;
    // setTimeout takes at most 2^31 − 1 ms; waking early is harmless.
    const delayMs = Math.min(Math.max(1, Math.min(...times) - now), 2 ** 31 - 1);
    this.#cancelTimer = clock.setTimer(delayMs, () => {
      this.wake();
    });
  }
}

/** The outcome proves that the service could be reached. Local trouble proves nothing. */
function answered(outcome: Outcome): boolean {
  return outcome.kind !== 'failed' || outcome.error.class !== 'local';
}

/** Two candidates of one look may share a resource (a retry and a newer one): only the first may go. */
function distinctKeys(found: readonly StoredOperation[]): StoredOperation[] {
  const taken = new Set<string>();
  return found.filter((operation) => {
    if (operation.resourceKey === null) return true;
    if (taken.has(operation.resourceKey)) return false;
    taken.add(operation.resourceKey);
    return true;
  });
}
