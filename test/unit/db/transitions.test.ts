import { describe, expect, it } from 'vitest';
import { AssertionFailed } from '../../../src/core/assert.ts';
import { nextState, STATE_EVENTS, STATES, type StateEvent } from '../../../src/core/states.ts';
import { errorOfCode } from '../../../src/sync/settle.ts';
import { NOON } from '../../support/manual-clock.ts';
import { bringTo, eventTypes, lease, makeOutbox, must, queueUpload, reread } from '../../support/outbox.ts';

const LEASE = { leaseEpoch: 1, leaseAttempt: 99, dueAt: NOON, error: errorOfCode('s3.server-error') };
/** The words of the history are stable: rows live for months. */
const TOLD: Readonly<Record<StateEvent, string>> = {
  lease: 'started',
  succeed: 'succeeded',
  'retry-later': 'retry-scheduled',
  fail: 'failed',
  conflict: 'conflict-found',
  release: 'stopped',
  requeue: 'requeued',
  compensate: 'compensating',
  cancel: 'cancelled',
  supersede: 'superseded',
};
const pairs = STATES.flatMap((state) => STATE_EVENTS.map((event) => ({ state, event })));

describe('a transition', () => {
  it.each(pairs.filter(({ state, event }) => nextState(state, event) !== null))(
    'stores $event from $state with its event',
    ({ state, event }) => {
      const outbox = makeOutbox();
      const before = bringTo(outbox, queueUpload(outbox, 'a'), state);
      const seen = eventTypes(outbox, before).length;
      outbox.clock.advance(10);
      const returned = outbox.repos.operations.transition(before, event, LEASE, { details: { why: 'test' } });
      expect(returned).toEqual(reread(outbox, before));
      expect(returned).toMatchObject({ state: nextState(state, event), updatedAt: outbox.clock.now() });
      const events = outbox.repos.events.list({ operationId: before.id, limit: 100 });
      expect(events).toHaveLength(seen + 1);
      expect(events.at(-1)).toMatchObject({
        type: TOLD[event],
        from: state,
        to: nextState(state, event),
        at: outbox.clock.now(),
        source: 'internal',
        details: { why: 'test' },
        resourceKey: 'main:drop/a',
      });
    },
  );

  it.each(pairs.filter(({ state, event }) => nextState(state, event) === null))(
    'throws at $event from $state: a bug, and nothing is written',
    ({ state, event }) => {
      const outbox = makeOutbox();
      const before = bringTo(outbox, queueUpload(outbox, 'a'), state);
      expect(() => outbox.repos.operations.transition(before, event, LEASE)).toThrow(AssertionFailed);
      expect(reread(outbox, before)).toEqual(before);
    },
  );

  it('is refused to whoever saw an older state, and leaves row and history as they are', () => {
    const outbox = makeOutbox();
    const { operations } = outbox.repos;
    const seen = queueUpload(outbox, 'a');
    operations.transition(seen, 'cancel');
    const now = reread(outbox, seen);
    outbox.clock.advance(1000);
    expect(operations.transition(seen, 'lease', LEASE)).toBeNull();
    expect(operations.amend(seen, { bytesDone: 5 }, { type: 'paused' })).toBeNull();
    expect(reread(outbox, seen)).toEqual(now);
    expect(eventTypes(outbox, seen)).toEqual(['queued', 'cancelled']);
  });

  it('P5: is refused to an executor whose lease was given to another', () => {
    const outbox = makeOutbox();
    const { operations } = outbox.repos;
    const stale = lease(outbox, queueUpload(outbox, 'a'));
    const second = lease(outbox, must(operations.transition(stale, 'release')), 2);
    for (const event of ['succeed', 'fail', 'retry-later', 'conflict', 'release'] as const) {
      expect(operations.transition(stale, event, LEASE), event).toBeNull();
    }
    expect(operations.amend(stale, { bytesDone: 50 })).toBeNull();
    operations.setBytesDone(stale, 70);
    expect(reread(outbox, stale)).toEqual(second);
    expect(operations.transition(second, 'succeed')).not.toBeNull();
  });

  it.each(STATES.filter((state) => state !== 'running'))(
    'late news of bytes changes nothing of an operation that is %s',
    (state) => {
      const outbox = makeOutbox();
      const operation = bringTo(outbox, queueUpload(outbox, 'a'), state);
      outbox.clock.advance(1000);
      outbox.repos.operations.setBytesDone(operation, 70);
      expect(reread(outbox, operation)).toEqual(operation);
    },
  );

  it('gives up lease and ending with the running state, and the due time with waiting', () => {
    const outbox = makeOutbox();
    const { operations } = outbox.repos;
    const running = bringTo(outbox, queueUpload(outbox, 'a'), 'running', { ending: 'cancelled' });
    expect(running).toMatchObject({ leaseEpoch: 1, ending: 'cancelled' });
    const waiting = must(operations.transition(running, 'retry-later', { dueAt: NOON + 5 }));
    expect(waiting).toMatchObject({ leaseEpoch: null, ending: null, dueAt: NOON + 5 });
    expect(lease(outbox, waiting)).toMatchObject({ dueAt: null, leaseEpoch: 1 });
  });

  it('stamps the end once', () => {
    const outbox = makeOutbox();
    outbox.clock.advance(50);
    const done = bringTo(outbox, queueUpload(outbox, 'a'), 'succeeded');
    expect(done.completedAt).toBe(NOON + 50);
    outbox.clock.advance(50);
    const amended = must(outbox.repos.operations.amend(done, { externalUrl: 'https://example.com/a' }));
    expect(amended.completedAt).toBe(NOON + 50);
  });

  it('P1: is not there when its transaction does not commit', () => {
    const outbox = makeOutbox();
    const operation = queueUpload(outbox, 'a');
    expect(() =>
      outbox.repos.transaction(() => {
        lease(outbox, operation);
        throw new Error('power failure');
      }),
    ).toThrow('power failure');
    expect(reread(outbox, operation)).toEqual(operation);
    expect(eventTypes(outbox, operation)).toEqual(['queued']);
  });

  it('is told to who listens: of every operation that was made or changed', () => {
    const changed: number[] = [];
    const outbox = makeOutbox({ onChange: (seq) => changed.push(seq) });
    const operation = queueUpload(outbox, 'a');
    const running = lease(outbox, operation);
    outbox.repos.operations.setBytesDone(running, 5);
    outbox.repos.operations.amend(operation, { bytesDone: 1 });
    expect(changed).toEqual([operation.seq, operation.seq, operation.seq]);
  });

  it('keeps every fact of a row over a round trip', () => {
    const outbox = makeOutbox();
    const version = { etag: 'e', versionId: 'v', sizeBytes: 5, lastModified: NOON };
    const facts = {
      base: version,
      remote: { ...version, versionId: null, sizeBytes: null, lastModified: null },
      memo: { unsettled: true },
      verified: false,
      externalId: 'x',
      externalUrl: 'https://example.com',
      response: { status: 200, headers: { etag: 'e' }, body: 'AA==', truncated: false },
      error: errorOfCode('s3.server-error', 'the words of the service'),
      heldUntil: NOON + 9,
      priority: 'critical',
      target: 'drop/b',
      spec: { key: 'drop/b' },
    } as const;
    const amended = outbox.repos.operations.amend(queueUpload(outbox, 'a'), facts);
    expect(amended).toMatchObject(facts);
    expect(reread(outbox, must(amended))).toEqual(amended);
  });
});
