import type { Clock } from '../core/ports.ts';

/** How often the two clocks are compared, ms. */
const PERIOD_MS = 30_000;
/** What they may drift apart between two looks without meaning anything, ms. NTP slews far less. */
const TOLERANCE_MS = 2000;

/**
 * Compares the two clocks now and then and tells by how much the wall clock went ahead (> 0) or back (< 0) beside the time
 * that passed; 0 where it did not. It was set then, or the machine slept while the monotonic clock stood still. What was
 * set and set right again between two looks goes unseen. Returns what stops it.
 */
export function watchClock(clock: Clock, onLook: (byMs: number) => void): () => void {
  let offsetMs = clock.now() - clock.monotonicMs();
  let cancel: () => void = () => undefined;
  const look = () => {
    const now = clock.now() - clock.monotonicMs();
    const byMs = Math.round(now - offsetMs);
    offsetMs = now;
    cancel = clock.setTimer(PERIOD_MS, look);
    onLook(Math.abs(byMs) > TOLERANCE_MS ? byMs : 0);
  };
  cancel = clock.setTimer(PERIOD_MS, look);
  return () => {
    cancel();
  };
}
