import type { Clock } from '../core/ports.ts';

/** How often the two clocks are compared, ms. */
const PERIOD_MS = 30_000;
/** What they may drift apart between two looks without meaning anything, ms. NTP slews far less. */
const TOLERANCE_MS = 2000;

/**
 * Tells when the wall clock was set, or the machine slept (the monotonic clock stands still meanwhile): `byMs` is how far
 * the wall clock went ahead (> 0) or back (< 0) beside the time that passed. Returns what stops it.
 */
export function watchClock(clock: Clock, onJump: (byMs: number) => void): () => void {
  let offsetMs = clock.now() - clock.monotonicMs();
  let cancel: () => void = () => undefined;
  const look = () => {
    const now = clock.now() - clock.monotonicMs();
    const byMs = Math.round(now - offsetMs);
    offsetMs = now;
    cancel = clock.setTimer(PERIOD_MS, look);
    if (Math.abs(byMs) > TOLERANCE_MS) onJump(byMs);
  };
  cancel = clock.setTimer(PERIOD_MS, look);
  return () => {
    cancel();
  };
}
