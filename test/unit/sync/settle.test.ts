import { describe, expect, it } from 'vitest';
import { ERROR_TABLE, type ErrorCode } from '../../../src/core/error-table.ts';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import type { StoredOperation } from '../../../src/db/stored-operation.ts';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '../../../src/resilience/retry-policy.ts';
import type { Outcome } from '../../../src/sync/outcome.ts';
import { settle } from '../../../src/sync/settle.ts';
import { constantRandom } from '../../support/manual-clock.ts';
import {
  bringTo,
  eventTypes,
  lease,
  makeOutbox,
  must,
  queueUpload,
  reread,
  uploadOf,
  type Outbox,
} from '../../support/outbox.ts';

const POLICY: RetryPolicy = { ...DEFAULT_RETRY_POLICY, maxAttempts: 3, jitter: 'none' };

function settled(outbox: Outbox, leased: StoredOperation, outcome: Outcome) {
  return outbox.repos.transaction(() =>
    settle(outbox.repos, leased, outcome, POLICY, constantRandom(0), outbox.clock.now()),
  );
}

const SUCCESS: Outcome = { kind: 'succeeded', change: { bytesDone: 100 }, details: { result: 'uploaded' } };
const STOPPED: Outcome = { kind: 'stopped' };
const version = { etag: 'e', versionId: null, sizeBytes: 1, lastModified: null };
const CONFLICT: Outcome = {
  kind: 'conflict',
  code: 'conflict.changed',
  change: {},
  base: version,
  remote: { ...version, etag: 'f' },
};
const failed = (code: ErrorCode): Outcome => ({ kind: 'failed', error: new LongshoreError(code, { detail: 'why' }) });

/** One code of each class, with what becomes of the operation and whether the attempt counts (DESIGN sections 5 and 10). */
const FAILURES = [
  { code: 's3.server-error', state: 'waiting', attempts: 1 },
  { code: 's3.slow-down', state: 'waiting', attempts: 1 },
  { code: 'net.reset', state: 'waiting', attempts: 1 },
  { code: 's3.bad-credentials', state: 'failed', attempts: 1 },
  { code: 's3.quota', state: 'failed', attempts: 1 },
  { code: 'local.permission', state: 'failed', attempts: 1 },
  { code: 'local.locked', state: 'waiting', attempts: 1 },
  { code: 'internal.unknown', state: 'waiting', attempts: 1 },
  { code: 'net.refused', state: 'pending', attempts: 0 },
  { code: 'net.dns', state: 'pending', attempts: 0 },
  { code: 'net.tls', state: 'pending', attempts: 0 },
] as const satisfies readonly { code: ErrorCode; state: string; attempts: number }[];

describe('settle', () => {
  it.each(FAILURES)('$code → $state, with $attempts attempts counted', ({ code, state, attempts }) => {
    const outbox = makeOutbox();
    const leased = lease(outbox, queueUpload(outbox, 'a'));
    const result = settled(outbox, leased, failed(code));
    const unreachable = ERROR_TABLE[code].class === 'unreachable';
    expect(result).toMatchObject({ kind: 'settled', operation: { state, attempts, error: { code, detail: 'why' } } });
    expect(result.kind === 'settled' && result.unreachable?.code).toBe(unreachable ? code : undefined);
    expect(reread(outbox, leased)).toMatchObject({ state, attempts, deaths: 0, leaseEpoch: null });
  });

  it('stores when it tries again, by the policy', () => {
    const outbox = makeOutbox();
    const first = settled(outbox, lease(outbox, queueUpload(outbox, 'a')), failed('s3.server-error'));
    const waiting = must(first.kind === 'settled' ? first.operation : null);
    expect(waiting.dueAt).toBe(outbox.clock.now() + 1000);
    outbox.clock.advance(1000);
    const second = settled(outbox, lease(outbox, waiting), failed('s3.server-error'));
    expect(second).toMatchObject({ operation: { state: 'waiting', attempts: 2, dueAt: outbox.clock.now() + 2000 } });
    const third = settled(outbox, lease(outbox, reread(outbox, waiting)), failed('s3.server-error'));
    expect(third).toMatchObject({ operation: { state: 'failed', attempts: 3, dueAt: null } });
    const events = outbox.repos.events.list({ operationId: waiting.id, limit: 20 });
    expect(events.at(-1)?.details).toMatchObject({ code: 's3.server-error', attempt: 3, exhausted: true });
  });

  it('never runs out of attempts while the service is out of reach: a weekend offline', () => {
    const outbox = makeOutbox();
    let operation = queueUpload(outbox, 'a');
    for (let turn = 0; turn < 50; turn += 1) {
      settled(outbox, lease(outbox, operation), failed('net.unreachable'));
      operation = reread(outbox, operation);
    }
    expect(operation).toMatchObject({ state: 'pending', attempts: 0 });
  });

  it('succeeds with what the executor found, in one transaction with its facts', () => {
    const outbox = makeOutbox();
    const leased = lease(outbox, queueUpload(outbox, 'a'));
    outbox.repos.uploads.insert(uploadOf(leased));
    const apply = () => outbox.repos.uploads.remove(leased.id);
    const result = settled(outbox, leased, { ...SUCCESS, apply });
    expect(result).toMatchObject({ operation: { state: 'succeeded', bytesDone: 100, attempts: 1, error: null } });
    expect(outbox.repos.cleanups.count()).toBe(0);
    expect(outbox.repos.uploads.get(leased.id)).toBeNull();
  });

  it('keeps nothing of a success whose facts can’t be stored', () => {
    const outbox = makeOutbox();
    const leased = lease(outbox, queueUpload(outbox, 'a'));
    const apply = () => {
      throw new Error('disk full');
    };
    expect(() => settled(outbox, leased, { ...SUCCESS, apply })).toThrow('disk full');
    expect(reread(outbox, leased)).toEqual(leased);
  });

  it('keeps both versions of a conflict, and shows no progress of it', () => {
    const outbox = makeOutbox();
    const leased = bringTo(outbox, queueUpload(outbox, 'a'), 'running', { bytesDone: 60 });
    expect(settled(outbox, leased, CONFLICT)).toMatchObject({
      operation: { state: 'conflict', bytesDone: 0, base: { etag: 'e' }, remote: { etag: 'f' } },
    });
    expect(reread(outbox, leased).error).toMatchObject({ code: 'conflict.changed', class: 'conflict' });
  });

  it('ends what a newer local state has made moot, with the reason in its history', () => {
    const outbox = makeOutbox();
    const leased = lease(outbox, queueUpload(outbox, 'a'));
    settled(outbox, leased, { kind: 'obsolete', reason: 'the file changed meanwhile' });
    expect(reread(outbox, leased)).toMatchObject({ state: 'superseded', error: null });
    const last = outbox.repos.events.latestOf(leased.id, 1)[0];
    expect(last).toMatchObject({ type: 'superseded', details: { reason: 'the file changed meanwhile' } });
  });

  it('P9: puts back what was stopped, at its checkpoint and without counting', () => {
    const outbox = makeOutbox();
    const leased = bringTo(outbox, queueUpload(outbox, 'a'), 'running', { bytesDone: 60, attempts: 2, deaths: 1 });
    const result = settled(outbox, leased, STOPPED);
    expect(result).toMatchObject({ operation: { state: 'pending', bytesDone: 60, attempts: 2, deaths: 0 } });
    expect(eventTypes(outbox, leased).at(-1)).toBe('stopped');
  });

  describe.each(['cancelled', 'superseded'] as const)('of an operation that was told to end as %s', (ending) => {
    it.each([
      ['stopped', STOPPED],
      ['in conflict', CONFLICT],
      ['out of reach', failed('net.refused')],
      ['to be retried', failed('s3.server-error')],
      ['failed', failed('s3.quota')],
    ])('ends it so when it was %s', (_how, outcome) => {
      const outbox = makeOutbox();
      const leased = lease(outbox, queueUpload(outbox, 'a'));
      outbox.repos.uploads.insert(uploadOf(leased));
      outbox.repos.operations.amend(leased, { ending });
      expect(settled(outbox, leased, outcome)).toMatchObject({ operation: { state: ending, ending: null } });
      expect(outbox.repos.cleanups.count()).toBe(1);
    });

    it('lets it succeed when its work was done in time', () => {
      const outbox = makeOutbox();
      const leased = lease(outbox, queueUpload(outbox, 'a'));
      outbox.repos.operations.amend(leased, { ending });
      expect(settled(outbox, leased, SUCCESS)).toMatchObject({ operation: { state: 'succeeded', ending: null } });
    });
  });

  it.each([
    ['succeeded', SUCCESS],
    ['stopped', STOPPED],
    ['in conflict', CONFLICT],
    ['failed', failed('s3.quota')],
  ])('P5: changes nothing for an executor whose lease is gone, though it %s', (_how, outcome) => {
    const outbox = makeOutbox();
    const stale = lease(outbox, queueUpload(outbox, 'a'), 1);
    const released = must(outbox.repos.operations.transition(stale, 'release'));
    expect(settled(outbox, stale, outcome)).toEqual({ kind: 'stale' });
    expect(reread(outbox, stale)).toEqual(released);
    // Leased anew by the same engine: the epoch alone does not tell the two apart.
    const second = lease(outbox, released, 1);
    expect(settled(outbox, stale, outcome)).toEqual({ kind: 'stale' });
    expect(reread(outbox, stale)).toEqual(second);
    const third = lease(outbox, must(outbox.repos.operations.transition(second, 'release')), 2);
    expect(settled(outbox, second, outcome)).toEqual({ kind: 'stale' });
    expect(reread(outbox, stale)).toEqual(third);
  });
});
