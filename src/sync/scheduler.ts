import type { OperationKind } from '../core/operation.ts';
import type { Clock, EpochMs, Random } from '../core/ports.ts';
import { asDatabaseError } from '../db/database-error.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { RetryPolicy } from '../resilience/retry-policy.ts';
import { Attempts, type Finished, type Leased, type Running } from './attempts.ts';
import type { GateKeeper, LaneInfo } from './gate-keeper.ts';
import { LeaseRound } from './lease-round.ts';
import type { LeaseBudget } from './leasing.ts';
import type { Executor, Outcome, StopReason } from './outcome.ts';
import { settleAll } from './settle.ts';

/** In-flight commits (a call, Complete) get this long to finish when the engine shuts down, ms: `run` ends within 5 s. */
const COMMIT_GRACE_MS = 3000;
/** What has not ended this long after its commit was aborted hangs in a system call that no signal reaches, ms. */
const HANG_GRACE_MS = 1000;
/** After a full disk kept the outbox from writing, it is tried again, ms. */
const DISK_FULL_RETRY_MS = 5000;
/**
 * A look that wrote something is followed by a rest this many times as long as it took, and no longer than this, ms: while
 * much is under way each commit then settles many, and its wait for the disk is a small part of the time.
 */
const REST_PER_LOOK = 4;
const LONGEST_REST_MS = 30;
/** A rest ends early once so many have ended, and half of all that runs: a commit for them is worth it, and lanes run dry. */
const MANY_DONE = 64;
/** What setTimeout takes; waking early is harmless. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface SchedulerDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly random: Random;
  readonly gates: GateKeeper;
  readonly executors: Partial<Record<OperationKind, Executor>>;
  readonly epoch: number;
  lane(lane: string): LaneInfo;
  retryPolicy(operation: StoredOperation): RetryPolicy;
  /** What may be leased at once of all lanes that work against the same service. */
  leases(lane: string): LeaseBudget;
  /** Bytes of this operation: finished, and on their way. */
  onProgress(operation: StoredOperation, doneBytes: number, inFlightBytes: number): void;
  /** After a commit: operations started or ended. */
  onSettled(operations: readonly StoredOperation[]): void;
  /** Before anything is leased. */
  onLook?(): void;
  /** The outbox could not be written for want of room; it is tried again after a while. */
  onDiskFull?(error: unknown): void;
  /** A bug, or a database that can't be used: the engine has to end. */
  onFatal(error: unknown): void;
}

/**
 * Moves the outbox: one transaction settles what has ended and leases what may start, so that a thousand small files
 * cost few commits. Event-driven: `wake` is called when something changed, a timer covers what is due later.
 */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #attempts: Attempts;
  readonly #round: LeaseRound;
  #wakeAsked = false;
  /** Monotonic, ms. */
  #restsUntilMs = 0;
  #cancelTimer: (() => void) | null = null;
  #cancelRest: (() => void) | null = null;
  #stopped = false;

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
    this.#round = new LeaseRound(deps);
    this.#attempts = new Attempts({
      clock: deps.clock,
      executors: deps.executors,
      onProgress: (operation, done, inFlight) => {
        deps.onProgress(operation, done, inFlight);
      },
      onEnded: () => {
        this.wake();
      },
      onDiskFull: (error) => {
        this.#diskFull(error);
      },
      onFatal: (error) => {
        deps.onFatal(error);
      },
    });
  }

  /** Something may have become possible. Cheap: many calls lead to one look. */
  wake(): void {
    if (this.#stopped) return;
    if (this.#wakeAsked) {
      if (this.#cancelRest !== null && this.#manyDone()) this.#lookSoon();
      return;
    }
    this.#wakeAsked = true;
    const { clock } = this.#deps;
    const restMs = this.#restsUntilMs - clock.monotonicMs();
    if (restMs > 0 && !this.#manyDone()) this.#cancelRest = clock.setTimer(restMs, () => this.#look());
    else this.#lookSoon();
  }

  #manyDone(): boolean {
    const { count, finishedCount } = this.#attempts;
    return finishedCount >= MANY_DONE && finishedCount * 2 >= count;
  }

  #lookSoon(): void {
    this.#cancelRest?.();
    this.#cancelRest = null;
    this.#deps.clock.defer(() => this.#look());
  }

  #look(): void {
    this.#cancelRest = null;
    this.#wakeAsked = false;
    this.#pump();
  }

  /** Looks now, whatever was asked before: for the watchdog, which does not trust `wake`. */
  rouse(): void {
    this.#wakeAsked = false;
    this.#pump();
  }

  runningCount(): number {
    return this.#attempts.count;
  }

  isRunning(seq: number): boolean {
    return this.#attempts.has(seq);
  }

  running(): Iterable<Running> {
    return this.#attempts.all();
  }

  /** What of a lane could start this moment; null when all that can has started. */
  startable(lane: string): StoredOperation | null {
    return this.#stopped ? null : this.#round.startable(lane, [...this.#attempts.all()]);
  }

  /** Stops the operations that `which` picks: byte transfers stop at their checkpoint. */
  stop(which: (operation: StoredOperation, lane: LaneInfo) => boolean, reason: StopReason): void {
    for (const running of this.#attempts.all()) {
      if (which(running.operation, running.lane)) this.#attempts.stop(running, reason);
    }
  }

  /** Ends the attempt of an operation that moves no more; it is tried again as after any other failure. */
  giveUp(seq: number): void {
    for (const running of this.#attempts.all()) if (running.operation.seq === seq) this.#attempts.giveUp(running);
  }

  /**
   * Starts nothing more, stops transfers, waits for commits in flight, and settles. What hangs all the same (an open() on a
   * network drive that is dead) is left behind, and what it tells later is dropped.
   */
  async shutdown(): Promise<void> {
    this.stop(() => true, 'shutdown');
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelRest?.();
    await this.#endedOrHanging();
    this.#attempts.abandon();
    const { finished } = this.#attempts;
    try {
      this.#deps.repos.transaction(() => {
        this.#settle(finished);
      });
    } catch (error) {
      // The rows stay `running`, as after a death: the next start finds out what became of them.
      if (asDatabaseError(error, '')?.kind !== 'full') throw error;
    }
    this.#attempts.settled(finished);
  }

  async #endedOrHanging(): Promise<void> {
    const { clock } = this.#deps;
    const hanging = Promise.withResolvers<undefined>();
    let cancel = clock.setTimer(COMMIT_GRACE_MS, () => {
      this.#attempts.abortCommits();
      cancel = clock.setTimer(HANG_GRACE_MS, () => {
        hanging.resolve(undefined);
      });
    });
    await Promise.race([this.#attempts.ended(), hanging.promise]);
    cancel();
  }

  #pump(): void {
    if (this.#stopped) return;
    this.#deps.onLook?.();
    const lookedAt = this.#deps.clock.now();
    const beganMs = this.#deps.clock.monotonicMs();
    const { finished } = this.#attempts;
    const ending = new Set(finished.map(({ running }) => running.operation.seq));
    const busy = [...this.#attempts.all()].filter(({ operation }) => !ending.has(operation.seq));
    let started: Leased[] = [];
    let settled: StoredOperation[] = [];
    this.#round.begin();
    try {
      this.#deps.repos.transaction(() => {
        settled = this.#settle(finished);
        started = this.#round.lease(
          busy,
          finished.map(({ running }) => running),
        );
      });
    } catch (error) {
      this.#round.rolledBack();
      this.#databaseTrouble(error);
      return;
    }
    if (finished.length + started.length > 0) this.#rest(beganMs);
    this.#attempts.settled(finished);
    for (const leased of started) this.#attempts.start(leased);
    this.#stopBehindGates();
    if (settled.length > 0) this.#deps.onSettled(settled);
    this.#armTimer(lookedAt);
  }

  #rest(beganMs: number): void {
    const nowMs = this.#deps.clock.monotonicMs();
    this.#restsUntilMs = nowMs + Math.min(LONGEST_REST_MS, (nowMs - beganMs) * REST_PER_LOOK);
  }

  #databaseTrouble(error: unknown): void {
    if (asDatabaseError(error, '')?.kind !== 'full') {
      this.#deps.onFatal(error);
      return;
    }
    this.#diskFull(error);
    this.#deps.clock.setTimer(DISK_FULL_RETRY_MS, () => {
      this.wake();
    });
  }

  /** Who looks at the disk opens the gate again: a look that had nothing to write would prove nothing. */
  #diskFull(error: unknown): void {
    this.#deps.onDiskFull?.(error);
    this.#deps.gates.setDiskFull(true);
  }

  #settle(finished: readonly Finished[]): StoredOperation[] {
    const { repos, gates, random, clock } = this.#deps;
    const settled: StoredOperation[] = [];
    const ended = finished.map(({ running: { operation }, outcome }) => {
      return { leased: operation, outcome, policy: this.#deps.retryPolicy(operation) };
    });
    const results = settleAll(repos, ended, random, clock.now());
    for (const [index, { running, outcome }] of finished.entries()) {
      const { lane } = running;
      const result = results[index];
      if (result?.kind === 'settled') {
        settled.push(result.operation);
        if (result.unreachable !== null) gates.failedToReach(lane.service, result.unreachable);
        else if (outcome.kind !== 'stopped' && answered(outcome)) gates.reached(lane.service);
      }
      if (running.probe) gates.probeEnded(lane.service);
    }
    return settled;
  }

  /** Working hours end while transfers run, say. A call in flight may finish (P9). */
  #stopBehindGates(): void {
    const { gates } = this.#deps;
    const shut = new Map<string, boolean>();
    for (const running of this.#attempts.all()) {
      const { lane } = running.lane;
      if (running.operation.kind === 'api.call') continue;
      const stops = shut.get(lane) ?? gates.stopsTransfers(this.#deps.lane(lane));
      shut.set(lane, stops);
      if (stops) this.#attempts.stop(running, 'pause');
    }
  }

  /** When something is due or a gate changes, whichever is first; also what came due while the look at `lookedAt` was under way. */
  #armTimer(lookedAt: EpochMs): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const { repos, clock, gates } = this.#deps;
    const times = [
      ...repos.claims.lanes().map((lane) => repos.claims.nextDueAt(lane, lookedAt)),
      repos.claims.nextHeldUntil(lookedAt),
      gates.nextChange(lookedAt),
    ].filter((time) => time !== null);
    if (times.length === 0) return;
    const delayMs = Math.min(Math.max(1, Math.min(...times) - clock.now()), LONGEST_TIMER_MS);
    this.#cancelTimer = clock.setTimer(delayMs, () => {
      this.wake();
    });
  }
}

/** The outcome proves that the service could be reached. Local trouble proves nothing. */
function answered(outcome: Outcome): boolean {
  return outcome.kind !== 'failed' || outcome.error.class !== 'local';
}
