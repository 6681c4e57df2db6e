import type { Clock, Throttle } from '../core/ports.ts';
import { WeekSchedule, type LocalTimeOf, type WeekWindow } from './week-window.ts';

/** How fast bytes may go out, by time of the week. */
export interface BandwidthPlan {
  /** 0: no limit. */
  readonly uploadKiBps: number;
  /** The first window that holds now takes the place of `uploadKiBps`; 0 in it: no limit. */
  readonly schedule: readonly (WeekWindow & { readonly uploadKiBps: number })[];
}

/** What an idle line saves up, ms: outlasts a late timer, and is no more than a tenth of what a second takes. */
const BURST_MS = 100;
/** Timers this close together would cost more than they smooth, ms. The burst makes up for it. */
const SHORTEST_WAIT_MS = 4;
/** A waiter looks again after this at the latest, ms: the wall clock, by which the plan goes, may be set meanwhile. */
const LONGEST_WAIT_MS = 1000;
/** Rounding of fractions of bytes must not cost a further wait. */
const ROUNDING_BYTES = 0.001;

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

/**
 * A token bucket over all transfers that share it. A chunk goes out when the bucket is not in debt, and may bring it into
 * debt: so a chunk larger than the bucket passes, and no second takes more than 1.1 times the rate and one chunk. Chunks
 * that wait go in the order in which they came; as each transfer asks for one at a time, they share the line evenly.
 */
export class Bandwidth implements Throttle {
  readonly #clock: Clock;
  readonly #localTimeOf: LocalTimeOf | undefined;
  readonly #waiting: Waiter[] = [];
  #baseKiBps = 0;
  #schedule: WeekSchedule<WeekWindow & { readonly uploadKiBps: number }>;
  /** 0: unlimited. */
  #bytesPerSecond = 0;
  #tokens = 0;
  #filledAtMs: number;
  #cancelTimer: (() => void) | null = null;

  constructor(clock: Clock, plan: BandwidthPlan, localTimeOf?: LocalTimeOf) {
    this.#clock = clock;
    this.#localTimeOf = localTimeOf;
    this.#filledAtMs = clock.monotonicMs();
    this.#schedule = new WeekSchedule([], localTimeOf);
    this.setPlan(plan);
    this.#tokens = this.#capacity();
  }

  /** Holds from now on, also for what waits. */
  setPlan(plan: BandwidthPlan): void {
    this.#baseKiBps = plan.uploadKiBps;
    this.#schedule = new WeekSchedule(plan.schedule, this.#localTimeOf);
    this.#serve();
  }

  /** What holds now; 0: no limit. */
  get bytesPerSecond(): number {
    this.#refresh();
    return this.#bytesPerSecond;
  }

  take(bytes: number, signal: AbortSignal): Promise<void> | null {
    this.#refresh();
    if (this.#bytesPerSecond === 0 && this.#waiting.length === 0) return null;
    if (this.#waiting.length === 0 && this.#tokens >= 0) {
      this.#tokens -= bytes;
      return null;
    }
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason as Error);
        this.#serve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
      this.#serve();
    });
  }

  #serve(): void {
    this.#refresh();
    while (this.#waiting.length > 0 && (this.#bytesPerSecond === 0 || this.#tokens >= 0)) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      if (this.#bytesPerSecond > 0) this.#tokens -= next.bytes;
      next.grant();
    }
    this.#arm();
  }

  #arm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#waiting.length === 0) return;
    const debtMs = Math.ceil((-this.#tokens / this.#bytesPerSecond) * 1000);
    const delayMs = Math.min(Math.max(debtMs, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
    this.#cancelTimer = this.#clock.setTimer(delayMs, () => {
      this.#cancelTimer = null;
      this.#serve();
    });
  }

  /** Fills the bucket at the rate that held until now; then the rate of now holds. */
  #refresh(): void {
    if (this.#bytesPerSecond > 0) {
      const nowMs = this.#clock.monotonicMs();
      const filled = this.#tokens + (this.#bytesPerSecond * (nowMs - this.#filledAtMs)) / 1000 + ROUNDING_BYTES;
      this.#filledAtMs = nowMs;
      this.#tokens = Math.min(this.#capacity(), filled);
    }
    const bytesPerSecond = this.#rateNow();
    if (bytesPerSecond === this.#bytesPerSecond) return;
    const wasLimited = this.#bytesPerSecond > 0;
    this.#bytesPerSecond = bytesPerSecond;
    this.#filledAtMs = this.#clock.monotonicMs();
    this.#tokens = wasLimited ? Math.min(this.#tokens, this.#capacity()) : this.#capacity();
  }

  #rateNow(): number {
    if (this.#schedule.windows.length === 0) return this.#baseKiBps * 1024;
    return (this.#schedule.windowAt(this.#clock.now())?.uploadKiBps ?? this.#baseKiBps) * 1024;
  }

  #capacity(): number {
    return (this.#bytesPerSecond * BURST_MS) / 1000;
  }
}

/** Both limits hold: a chunk waits for the first, then for the second. */
export function inSeries(first: Throttle, second: Throttle): Throttle {
  return {
    take(bytes, signal) {
      const wait = first.take(bytes, signal);
      if (wait === null) return second.take(bytes, signal);
      return wait.then(() => second.take(bytes, signal) ?? undefined);
    },
  };
}
