import { assert, AssertionFailed } from '../core/assert.ts';
import { LongshoreError, toLongshoreError } from '../core/longshore-error.ts';
import type { OperationKind } from '../core/operation.ts';
import type { Clock } from '../core/ports.ts';
import { asDatabaseError } from '../db/database-error.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { LaneInfo } from './gate-keeper.ts';
import { Stopped, type Executor, type Outcome, type StopReason } from './outcome.ts';

/** The bound of one attempt, ms. Stalls end far earlier; this catches what nobody foresaw. */
const ATTEMPT_LIMIT_MS = 24 * 60 * 60_000;

/** An operation that was leased, in its lane. */
export interface Leased {
  readonly operation: StoredOperation;
  readonly lane: LaneInfo;
  /** It is to find out whether its service is back. */
  readonly probe: boolean;
}

export interface Running extends Leased {
  readonly stop: AbortController;
  readonly commit: AbortController;
  readonly cancelLimit: () => void;
  /** When byte transfers were told to stop. */
  stopping: StopReason | null;
  /** Monotonic, ms: when it began, or last reported progress. */
  movedAtMs: number;
}

export interface Finished {
  readonly running: Running;
  readonly outcome: Outcome;
}

export interface AttemptsDeps {
  readonly clock: Clock;
  readonly executors: Partial<Record<OperationKind, Executor>>;
  /** Bytes of this operation: finished, and on their way. */
  onProgress(operation: StoredOperation, doneBytes: number, inFlightBytes: number): void;
  /** An attempt ended; its outcome waits to be settled. */
  onEnded(): void;
  /** A checkpoint could not be written for want of room. */
  onDiskFull(error: unknown): void;
  /** A bug: the engine has to end. */
  onFatal(error: unknown): void;
}

/** The attempts that are under way, and those that have ended and are not settled yet. */
export class Attempts {
  readonly #deps: AttemptsDeps;
  readonly #running = new Map<number, Running>();
  #finished: Finished[] = [];
  #idleWaiters: (() => void)[] = [];
  #abandoned = false;

  constructor(deps: AttemptsDeps) {
    this.#deps = deps;
  }

  /** With those that have ended and are not settled yet. */
  get count(): number {
    return this.#running.size;
  }

  has(seq: number): boolean {
    return this.#running.has(seq);
  }

  all(): Iterable<Running> {
    return this.#running.values();
  }

  /** How many have ended and are not settled yet. */
  get finishedCount(): number {
    return this.#finished.length;
  }

  /** As it is now: what ends later is not added to it. */
  get finished(): readonly Finished[] {
    return [...this.#finished];
  }

  start(leased: Leased): Running {
    const { operation } = leased;
    const executor = this.#deps.executors[operation.kind];
    assert(executor !== undefined, `no executor for ${operation.kind}`);
    const running: Running = {
      ...leased,
      stop: new AbortController(),
      commit: new AbortController(),
      cancelLimit: this.#deps.clock.setTimer(ATTEMPT_LIMIT_MS, () => {
        this.giveUp(running);
      }),
      stopping: null,
      movedAtMs: this.#deps.clock.monotonicMs(),
    };
    this.#running.set(operation.seq, running);
    void this.#attempt(running, executor);
    return running;
  }

  /** Byte transfers stop at their checkpoint; what may finish once it is in flight does. */
  stop(running: Running, reason: StopReason): void {
    if (running.stopping !== null) return;
    running.stopping = reason;
    running.stop.abort(new Stopped(reason));
  }

  /** The attempt took too long: nothing of it is waited for any more, and it counts as failed. */
  giveUp(running: Running): void {
    running.stopping ??= 'timeout';
    running.stop.abort(new Stopped('timeout'));
    running.commit.abort(new Stopped('timeout'));
  }

  /** Commits in flight are not waited for any longer. */
  abortCommits(): void {
    for (const running of this.#running.values()) running.commit.abort(new Stopped('shutdown'));
  }

  /** Resolves when every attempt has ended. */
  async ended(): Promise<void> {
    if (this.#running.size <= this.#finished.length) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  /**
   * What has not ended by now is not waited for any more: whatever it may still tell is dropped. A transfer counts as stopped,
   * for nobody died; a call stays as it is, as after a death: whether it arrived has to be found out.
   */
  abandon(): void {
    this.#abandoned = true;
    const ended = new Set(this.#finished.map(({ running }) => running));
    for (const running of this.#running.values()) {
      if (ended.has(running)) continue;
      running.cancelLimit();
      if (running.operation.kind === 'api.call') this.#running.delete(running.operation.seq);
      else this.#finished.push({ running, outcome: { kind: 'stopped' } });
    }
  }

  /** Their outcomes are stored. */
  settled(finished: readonly Finished[]): void {
    const stored = new Set(finished);
    this.#finished = this.#finished.filter((entry) => !stored.has(entry));
    for (const { running } of finished) this.#running.delete(running.operation.seq);
  }

  async #attempt(running: Running, executor: Executor): Promise<void> {
    const { operation } = running;
    let outcome: Outcome;
    try {
      outcome = await executor.run(operation, {
        signal: running.stop.signal,
        commitSignal: running.commit.signal,
        progress: (done, inFlight) => {
          if (this.#abandoned) return;
          running.movedAtMs = this.#deps.clock.monotonicMs();
          this.#deps.onProgress(operation, done, inFlight);
        },
      });
    } catch (error) {
      if (this.#abandoned) return;
      if (error instanceof AssertionFailed) {
        this.#diedOf(running, error);
        return;
      }
      outcome = this.#outcomeOf(error);
    }
    if (this.#abandoned) return;
    running.cancelLimit();
    if (running.stopping === 'timeout' && outcome.kind === 'stopped')
      outcome = { kind: 'failed', error: new LongshoreError('internal.timeout', { sent: true }) };
    this.#finished.push({ running, outcome });
    this.#resolveWhenIdle();
    this.#deps.onEnded();
  }

  /** Without room for its checkpoints nothing is wrong with the operation: it rests at the last one. */
  #outcomeOf(error: unknown): Outcome {
    if (asDatabaseError(error, '')?.kind !== 'full') return { kind: 'failed', error: toLongshoreError(error) };
    this.#deps.onDiskFull(error);
    return { kind: 'stopped' };
  }

  /** A bug: the row stays `running`, so that recovery counts the death and a crash loop is noticed. */
  #diedOf(running: Running, error: unknown): void {
    running.cancelLimit();
    this.#running.delete(running.operation.seq);
    this.#resolveWhenIdle();
    this.#deps.onFatal(error);
  }

  #resolveWhenIdle(): void {
    if (this.#finished.length < this.#running.size) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}
