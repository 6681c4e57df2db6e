import type { Clock, ServiceSign } from '../core/ports.ts';

/** So many of the last replies are looked at: enough that a single odd one does not count. */
const KEPT = 15;
/** A reply that took longer says too little about when the service looked at its clock, ms. */
const MAX_WAIT_MS = 5000;
/** The Date header has whole seconds (RFC 9110, section 5.6.7): on average the clock read half a second more. */
const HALF_SECOND_MS = 500;
/** What our wall clock may drift beside the one that never jumps while what was measured holds, ms. */
const DRIFT_MS = 2000;

interface Sample {
  readonly skewMs: number;
  /** How our wall clock stood beside the one that never jumps. */
  readonly offsetMs: number;
}

/**
 * How far a service's clock is ahead of ours (< 0: behind), from the Date headers of its replies: the median, so that one
 * reply out of a cache does not matter. Good to a second or so.
 */
export class SkewMeter {
  readonly #clock: Pick<Clock, 'now' | 'monotonicMs'>;
  #samples: Sample[] = [];

  constructor(clock: Pick<Clock, 'now' | 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** A reply that came just now. */
  add(sign: Pick<ServiceSign, 'serverTime' | 'waitedMs'>): void {
    if (sign.serverTime === null || sign.waitedMs > MAX_WAIT_MS) return;
    const skewMs = sign.serverTime + HALF_SECOND_MS - (this.#clock.now() - sign.waitedMs / 2);
    this.#samples.push({ skewMs, offsetMs: this.#offsetMs() });
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** Milliseconds; null while nothing is known. What was measured before our own clock was set says nothing any more. */
  skewMs(): number | null {
    const offsetMs = this.#offsetMs();
    const sorted = this.#samples
      .filter((sample) => Math.abs(sample.offsetMs - offsetMs) <= DRIFT_MS)
      .map(({ skewMs }) => skewMs)
      .toSorted((a, b) => a - b);
    return sorted.length === 0 ? null : Math.round(sorted[Math.floor((sorted.length - 1) / 2)] ?? 0);
  }

  #offsetMs(): number {
    return this.#clock.now() - this.#clock.monotonicMs();
  }
}

/** Below this what is measured may be the network's doing, and services tolerate far more (Amazon S3: 15 minutes), ms. */
const CORRECT_ABOVE_MS = 60_000;

/** What to add to our clock where a service checks the time of a request, ms: the measured skew where it is a real one. */
export function signingCorrectionMs(skewMs: number | null): number {
  return skewMs === null || Math.abs(skewMs) < CORRECT_ABOVE_MS ? 0 : skewMs;
}
