import { assertNever } from '../core/assert.ts';
import { errorEntry } from '../core/error-table.ts';
import type { LongshoreError } from '../core/longshore-error.ts';
import { retryDelayMs, type RetryPolicy } from './retry-policy.ts';

/** What becomes of an operation whose attempt failed. */
export type Decision =
  /** Due again after `delayMs`; the attempt counts. */
  | { readonly kind: 'retry'; readonly delayMs: number }
  /** A person has to look. `exhausted`: it might have worked, but was tried often enough. */
  | { readonly kind: 'fail'; readonly exhausted: boolean }
  /** The service could not be reached: it is gated, and no attempt counts on the operation. */
  | { readonly kind: 'gate' }
  | { readonly kind: 'conflict' };

/** An error that nobody foresaw is tried this often in all (DESIGN section 10). */
export const MAX_ATTEMPTS_UNKNOWN = 3;

/**
 * Decides by the error's class (DESIGN section 10).
 *
 * @param attempt number of the attempt that failed, from 1, without those that were gated
 * @param fraction uniform in [0, 1), from the `Random` port
 */
export function decide(error: LongshoreError, attempt: number, policy: RetryPolicy, fraction: number): Decision {
  const retry = (maxAttempts: number): Decision =>
    attempt >= maxAttempts
      ? { kind: 'fail', exhausted: true }
      : { kind: 'retry', delayMs: retryDelayMs(policy, attempt, fraction, error.context.retryAfterMs) };

  switch (error.class) {
    case 'unreachable':
      return { kind: 'gate' };
    case 'transient':
      return retry(policy.maxAttempts);
    case 'conflict':
      return { kind: 'conflict' };
    case 'permanent':
    case 'business':
      return { kind: 'fail', exhausted: false };
    case 'local':
      return mayRetry(error) ? retry(policy.maxAttempts) : { kind: 'fail', exhausted: false };
    case 'internal':
      return mayRetry(error)
        ? retry(Math.min(policy.maxAttempts, MAX_ATTEMPTS_UNKNOWN))
        : { kind: 'fail', exhausted: false };
    default:
      return assertNever(error.class);
  }
}

function mayRetry(error: LongshoreError): boolean {
  return errorEntry(error.code).retry === true;
}
