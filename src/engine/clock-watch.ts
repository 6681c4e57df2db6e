import type { Clock } from '../core/ports.ts';

/** How often the two clocks are compared, ms. */
const PERIOD_MS = 10_000;
/** What they may drift apart between two looks without meaning anything, ms. NTP slews far less. */
const TOLERANCE_MS = 2000;
/** A look that comes this much too late means that the machine slept, ms: no work of ours holds up the loop so long. */
const SLEEP_GAP_MS = 15_000;

export interface ClockLook {
  /**
   * By how much the wall clock went ahead (> 0) or back (< 0) beside the time that passed; 0 where it did not. It was set
   * then, or the machine slept while the monotonic clock stood still, as on Linux.
   */
  readonly byMs: number;
  /** The monotonic clock went on while nothing ran: the machine slept, as macOS and Windows show it. */
  readonly overslept: boolean;
}

/**
 * Compares the two clocks now and then. What was set and set right again between two looks goes unseen. Returns what stops
 * it.
 */
export function watchClock(clock: Clock, onLook: (look: ClockLook) => void): () => void {
  let offsetMs = clock.now() - clock.monotonicMs();
  let dueMs = clock.monotonicMs() + PERIOD_MS;
  let cancel: () => void = () => undefined;
  const look = () => {
    const monotonicMs = clock.monotonicMs();
    const now = clock.now() - monotonicMs;
    const byMs = Math.round(now - offsetMs);
    const overslept = monotonicMs - dueMs > SLEEP_GAP_MS;
    offsetMs = now;
    dueMs = monotonicMs + PERIOD_MS;
    cancel = clock.setTimer(PERIOD_MS, look);
    onLook({ byMs: Math.abs(byMs) > TOLERANCE_MS ? byMs : 0, overslept });
  };
  cancel = clock.setTimer(PERIOD_MS, look);
  return () => {
    cancel();
  };
}
