import { describe, expect, it } from 'vitest';
import { ERROR_TABLE, isErrorCode, type ErrorCode } from '../../../src/core/error-table.ts';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { decide, MAX_ATTEMPTS_UNKNOWN } from '../../../src/resilience/decide.ts';
import { DEFAULT_RETRY_POLICY } from '../../../src/resilience/retry-policy.ts';

const policy = { ...DEFAULT_RETRY_POLICY, jitter: 'none' } as const;
const after = (code: ErrorCode, attempt = 1) => decide(new LongshoreError(code), attempt, policy, 0.5);

describe('decide', () => {
  it('gates what can’t be reached, however often', () => {
    expect(after('net.refused')).toEqual({ kind: 'gate' });
    expect(after('net.dns', 1_000)).toEqual({ kind: 'gate' });
  });

  it('retries transient errors until the attempts are used up', () => {
    expect(after('s3.server-error', 1)).toEqual({ kind: 'retry', delayMs: 1_000 });
    expect(after('s3.server-error', 9)).toEqual({ kind: 'retry', delayMs: 256_000 });
    expect(after('s3.server-error', 10)).toEqual({ kind: 'fail', exhausted: true });
  });

  it('waits as long as the service asks', () => {
    const error = new LongshoreError('s3.slow-down', { retryAfterMs: 90_000 });
    expect(decide(error, 1, policy, 0)).toEqual({ kind: 'retry', delayMs: 90_000 });
  });

  it('does not try again what can’t get better', () => {
    expect(after('s3.bad-credentials')).toEqual({ kind: 'fail', exhausted: false });
    expect(after('s3.quota')).toEqual({ kind: 'fail', exhausted: false });
    expect(after('local.permission')).toEqual({ kind: 'fail', exhausted: false });
    expect(after('internal.crash-loop')).toEqual({ kind: 'fail', exhausted: false });
  });

  it('follows the table for local errors', () => {
    expect(after('local.locked')).toEqual({ kind: 'retry', delayMs: 1_000 });
    expect(after('local.locked', 10)).toEqual({ kind: 'fail', exhausted: true });
  });

  it('tries what nobody foresaw three times, or less where the policy says so', () => {
    expect(after('internal.unknown', MAX_ATTEMPTS_UNKNOWN - 1).kind).toBe('retry');
    expect(after('internal.unknown', MAX_ATTEMPTS_UNKNOWN)).toEqual({ kind: 'fail', exhausted: true });
    expect(decide(new LongshoreError('internal.unknown'), 1, { ...policy, maxAttempts: 1 }, 0).kind).toBe('fail');
  });

  it('knows an answer for every code, by its class', () => {
    const expected = {
      transient: ['retry'],
      permanent: ['fail'],
      business: ['fail'],
      conflict: ['conflict'],
      local: ['retry', 'fail'],
      unreachable: ['gate'],
      internal: ['retry', 'fail'],
    } as const;
    for (const code of Object.keys(ERROR_TABLE).filter(isErrorCode)) {
      expect(expected[ERROR_TABLE[code].class], code).toContain(after(code).kind);
    }
  });
});
