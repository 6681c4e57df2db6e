import type { EpochMs, ServiceSign } from '../core/ports.ts';

/** So many of the last replies are looked at: enough that a single odd one does not count. */
const KEPT = 15;
/** A reply that took longer says too little about when the service looked at its clock, ms. */
const MAX_WAIT_MS = 5000;
/** The Date header has whole seconds (RFC 9110, section 5.6.7): on average the clock read half a second more. */
const HALF_SECOND_MS = 500;

/**
 * How far a service's clock is ahead of ours (< 0: behind), from the Date headers of its replies: the median, so that one
 * reply out of a cache does not matter. Good to a second or so.
 */
export class SkewMeter {
  #samples: number[] = [];

  add(sign: Pick<ServiceSign, 'serverTime' | 'waitedMs'>, receivedAt: EpochMs): void {
    if (sign.serverTime === null || sign.waitedMs > MAX_WAIT_MS) return;
    this.#samples.push(sign.serverTime + HALF_SECOND_MS - (receivedAt - sign.waitedMs / 2));
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** Milliseconds; null while nothing is known. */
  skewMs(): number | null {
    if (this.#samples.length === 0) return null;
    const sorted = this.#samples.toSorted((a, b) => a - b);
    return Math.round(sorted[Math.floor((sorted.length - 1) / 2)] ?? 0);
  }

  /** Our own clock was set: what was measured before says nothing any more. */
  reset(): void {
    this.#samples = [];
  }
}

/** Below this what is measured may be the network's doing, and services tolerate far more (Amazon S3: 15 minutes), ms. */
const CORRECT_ABOVE_MS = 60_000;

/** What to add to our clock where a service checks the time of a request, ms: the measured skew where it is a real one. */
export function signingCorrectionMs(skewMs: number | null): number {
  return skewMs === null || Math.abs(skewMs) < CORRECT_ABOVE_MS ? 0 : skewMs;
}
