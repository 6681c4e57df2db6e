import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_RETRY_POLICY,
  MAX_RETRY_AFTER_MS,
  retryDelayMs,
  type RetryPolicy,
} from '../../../src/resilience/retry-policy.ts';

const plain: RetryPolicy = { ...DEFAULT_RETRY_POLICY, jitter: 'none' };
const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('retryDelayMs', () => {
  it('doubles from one second to five minutes by default', () => {
    const delays = [1, 2, 3, 8, 9, 10, 2000].map((attempt) => retryDelayMs(plain, attempt, 0.9));
    expect(delays).toEqual([1_000, 2_000, 4_000, 128_000, 256_000, 300_000, 300_000]);
  });

  it('spreads uniformly from nothing to the whole delay', () => {
    expect(retryDelayMs(DEFAULT_RETRY_POLICY, 3, 0)).toBe(0);
    expect(retryDelayMs(DEFAULT_RETRY_POLICY, 3, 0.5)).toBe(2_000);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fraction, (attempt, f) => {
        const delay = retryDelayMs(DEFAULT_RETRY_POLICY, attempt, f);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(retryDelayMs(plain, attempt, f));
      }),
    );
  });

  it('never comes back before the service wants it, within an hour', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fraction,
        fc.integer({ min: 0, max: 100 * MAX_RETRY_AFTER_MS }),
        fc.constantFrom(plain, DEFAULT_RETRY_POLICY),
        (attempt, f, askedMs, policy) => {
          const delay = retryDelayMs(policy, attempt, f, askedMs);
          expect(delay).toBeGreaterThanOrEqual(Math.min(askedMs, MAX_RETRY_AFTER_MS));
          expect(delay).toBeLessThanOrEqual(MAX_RETRY_AFTER_MS + policy.maxDelayMs);
        },
      ),
    );
  });

  it('takes no negative wish for a reason to hurry', () => {
    expect(retryDelayMs(plain, 1, 0, -5_000)).toBe(1_000);
  });
});
