import type { Clock } from '../core/ports.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { Running } from './attempts.ts';

/** How often it looks, ms. */
const PERIOD_MS = 10_000;
/** What could start for so long and did not: the queue sleeps (DESIGN section 5), ms. */
const SLEEP_LIMIT_MS = 60_000;
/** An attempt at a file without any progress for so long is far beyond what ends a stalled transfer, ms at least. */
const QUIET_LIMIT_MS = 15 * 60_000;
/** ... and at least this many times that limit. */
const QUIET_STALLS = 10;
/** An attempt that was given up and does not end is told of again after this, ms. */
const STUBBORN_LIMIT_MS = 60_000;
/** Alarms that are remembered for people to see. */
const ALARMS_KEPT = 10;
/** So long an alarm stays in the status, ms. */
const ALARM_SHOWN_MS = 60 * 60_000;

/** What went wrong, for shells that word it themselves. */
export type AlarmKind = 'queue-slept' | 'attempt-stood-still' | 'attempt-does-not-end';

export interface Alarm {
  readonly at: number;
  readonly kind: AlarmKind;
  readonly operation: StoredOperation;
  /** A sentence. */
  readonly message: string;
}

export interface WatchdogDeps {
  readonly clock: Clock;
  /** Lanes with something pending or waiting. */
  lanes(): readonly string[];
  /** What of a lane could start this moment; null when all that can has started, or a gate is shut. */
  startable(lane: string): StoredOperation | null;
  running(): Iterable<Running>;
  /** Whether it waits for its turn to transfer: then it is not expected to move. */
  isQueued(operation: StoredOperation): boolean;
  /** A transfer of this operation that stands still for so long is ended by its store, ms. */
  stallLimitMs(operation: StoredOperation): number;
  /** Makes the scheduler look, whatever it believes. */
  rouse(): void;
  /** Ends the attempt, not the transfer: the next one goes on at the checkpoint. */
  giveUp(operation: StoredOperation): void;
  /** Something is wrong with Longshore itself: for the history, the log and the status. */
  onAlarm(alarm: Alarm): void;
  /** The database can't be read. */
  onFatal(error: unknown): void;
}

interface Seen {
  readonly seq: number;
  readonly sinceMs: number;
}

/** What is known of a lane after a look: which operation could start, and since when. Pure. */
export function lookAtLane(before: Seen | null, startable: number | null, nowMs: number): Seen | null {
  if (startable === null) return null;
  return before?.seq === startable ? before : { seq: startable, sinceMs: nowMs };
}

/**
 * Sees that the queue never sleeps: it has a timer of its own and trusts neither wake-ups nor those of the scheduler. An
 * operation that could start and does not, look after look, raises an alarm and has the scheduler roused; an attempt that
 * stands still far beyond what its store allows is given up.
 */
export class Watchdog {
  readonly #deps: WatchdogDeps;
  #seen = new Map<string, Seen>();
  readonly #givenUp = new Map<number, number>();
  #alarms: readonly Alarm[] = [];
  #cancel: (() => void) | null = null;

  constructor(deps: WatchdogDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#cancel = this.#deps.clock.setTimer(PERIOD_MS, () => {
      this.start();
      try {
        this.look();
      } catch (error) {
        this.#deps.onFatal(error);
      }
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Of the last hour, newest first. */
  alarms(): readonly Alarm[] {
    const since = this.#deps.clock.now() - ALARM_SHOWN_MS;
    return this.#alarms.filter((alarm) => alarm.at >= since);
  }

  look(): void {
    this.#lookAtQueue();
    this.#lookAtAttempts();
  }

  #lookAtQueue(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const seen = new Map<string, Seen>();
    let asleep = false;
    for (const lane of this.#deps.lanes()) {
      const operation = this.#deps.startable(lane);
      const found = lookAtLane(this.#seen.get(lane) ?? null, operation?.seq ?? null, nowMs);
      if (found === null || operation === null) continue;
      if (nowMs - found.sinceMs < SLEEP_LIMIT_MS) {
        seen.set(lane, found);
        continue;
      }
      // Not kept: it is told of again when it sleeps as long once more.
      asleep = true;
      this.#raise(
        operation,
        'queue-slept',
        'It could have started a minute ago and did not; Longshore looks at its queue again.',
      );
    }
    this.#seen = seen;
    if (asleep) this.#deps.rouse();
  }

  #lookAtAttempts(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const running = new Set<number>();
    for (const { operation, movedAtMs } of this.#deps.running()) {
      running.add(operation.seq);
      // A call has a time limit of its own.
      if (!operation.kind.startsWith('file.') || this.#deps.isQueued(operation)) continue;
      const quietLimitMs = Math.max(QUIET_LIMIT_MS, QUIET_STALLS * this.#deps.stallLimitMs(operation));
      if (nowMs - movedAtMs < quietLimitMs) continue;
      const toldAtMs = this.#givenUp.get(operation.seq);
      if (toldAtMs === undefined) {
        this.#raise(
          operation,
          'attempt-stood-still',
          'It stood still for far too long; this attempt is ended, the next one goes on from there.',
        );
        this.#deps.giveUp(operation);
      } else if (nowMs - toldAtMs >= STUBBORN_LIMIT_MS) {
        this.#raise(
          operation,
          'attempt-does-not-end',
          'Its attempt was ended and does not stop; restart Longshore if nothing else helps.',
        );
      } else continue;
      this.#givenUp.set(operation.seq, toldAtMs === undefined ? nowMs : Number.POSITIVE_INFINITY);
    }
    for (const seq of this.#givenUp.keys()) if (!running.has(seq)) this.#givenUp.delete(seq);
  }

  #raise(operation: StoredOperation, kind: AlarmKind, message: string): void {
    const alarm: Alarm = { at: this.#deps.clock.now(), kind, operation, message };
    this.#alarms = [alarm, ...this.#alarms].slice(0, ALARMS_KEPT);
    this.#deps.onAlarm(alarm);
  }
}
