/** The one retry policy of Longshore: pure, so that the outbox can persist what it says. */

export interface RetryPolicy {
  /** Tries in all, the first included; ≥ 1. */
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  /** ≥ `initialDelayMs`. */
  readonly maxDelayMs: number;
  /** ≥ 1. */
  readonly multiplier: number;
  /** `full`: uniform in [0, delay). `none`: the delay itself. */
  readonly jitter: 'full' | 'none';
}

/** Ten tries over about ten minutes: outlasts a restart or an overload of a service, and still tells a person today. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: 10,
  initialDelayMs: 1_000,
  maxDelayMs: 5 * 60_000,
  multiplier: 2,
  jitter: 'full',
};

/** However long a service asks us to stay away, we ask again after this, ms: a wrong header must not park work for days. */
export const MAX_RETRY_AFTER_MS = 60 * 60_000;

/**
 * How long to wait after attempt number `attempt` (from 1) failed, ms.
 *
 * Exponential backoff with full jitter: uniform between nothing and the grown delay, which spreads many clients best
 * (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). What the service asks for
 * (`retryAfterMs`, bounded by {@link MAX_RETRY_AFTER_MS}) is a lower bound; jitter comes on top of it, so that all who were
 * told the same time don't come back at once.
 *
 * @param fraction uniform in [0, 1), from the `Random` port
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, fraction: number, retryAfterMs = 0): number {
  // The power overflows to Infinity for many attempts; the minimum brings it back.
  const grownMs = Math.min(policy.maxDelayMs, policy.initialDelayMs * policy.multiplier ** (attempt - 1));
  const askedMs = Math.min(Math.max(0, retryAfterMs), MAX_RETRY_AFTER_MS);
  if (policy.jitter === 'none') return Math.round(Math.max(grownMs, askedMs));
  return Math.round(askedMs + fraction * grownMs);
}
