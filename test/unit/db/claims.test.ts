import { describe, expect, it } from 'vitest';
import { STATES, holdsKeys } from '../../../src/core/states.ts';
import { PRIORITIES } from '../../../src/core/operation.ts';
import { FOREVER, type StoredOperation } from '../../../src/db/stored-operation.ts';
import { NOON } from '../../support/manual-clock.ts';
import { bringTo, lease, makeOutbox, must, queueUpload, reread, type Outbox } from '../../support/outbox.ts';

const LANE = 'folder:drop';

function ready(outbox: Outbox, priority: StoredOperation['priority'] = 'normal', limit = 100): (string | null)[] {
  return outbox.repos.claims.ready(LANE, priority, outbox.clock.now(), limit).map(({ path }) => path);
}

function due(outbox: Outbox): (string | null)[] {
  return outbox.repos.claims.due(LANE, outbox.clock.now(), 100).map(({ path }) => path);
}

describe('P8: what may start', () => {
  it('is the oldest on its resource, and only one of it', () => {
    const outbox = makeOutbox();
    const first = queueUpload(outbox, 'a');
    const second = queueUpload(outbox, 'a');
    expect(outbox.repos.claims.ready(LANE, 'normal', NOON, 10).map(({ seq }) => seq)).toEqual([first.seq]);
    const running = lease(outbox, first);
    expect(ready(outbox)).toEqual([]);
    outbox.repos.operations.transition(running, 'succeed');
    expect(outbox.repos.claims.ready(LANE, 'normal', NOON, 10).map(({ seq }) => seq)).toEqual([second.seq]);
  });

  it.each(STATES.filter((state) => state !== 'pending'))('an older one that is %s', (state) => {
    const outbox = makeOutbox();
    bringTo(outbox, queueUpload(outbox, 'a'), state);
    queueUpload(outbox, 'a');
    expect(ready(outbox)).toEqual(holdsKeys(state) ? [] : ['a']);
  });

  it('waits for a newer one that runs already: a failed one was retried behind it', () => {
    const outbox = makeOutbox();
    const failed = bringTo(outbox, queueUpload(outbox, 'a'), 'failed');
    const newer = lease(outbox, queueUpload(outbox, 'a'));
    outbox.repos.operations.transition(failed, 'requeue');
    expect(ready(outbox)).toEqual([]);
    outbox.repos.operations.transition(newer, 'succeed');
    expect(ready(outbox)).toEqual(['a']);
  });

  it('must be the oldest on all of its resources', () => {
    const outbox = makeOutbox();
    const on = (...resourceKeys: string[]) => queueUpload(outbox, resourceKeys.join('+'), { resourceKeys });
    on('a');
    const b = on('b');
    on('a', 'c');
    on('c');
    on('d', 'b');
    expect(ready(outbox)).toEqual(['a', 'b']);
    outbox.repos.operations.transition(b, 'cancel');
    expect(ready(outbox)).toEqual(['a', 'd+b']);
  });

  it('is not bound to anything without a resource', () => {
    const outbox = makeOutbox();
    lease(outbox, queueUpload(outbox, 'a', { resourceKeys: [] }));
    queueUpload(outbox, 'b', { resourceKeys: [] });
    queueUpload(outbox, 'c', { resourceKeys: [] });
    expect(ready(outbox)).toEqual(['b', 'c']);
  });

  it('comes by priority, then by age, within the limit', () => {
    const outbox = makeOutbox();
    for (const priority of ['low', 'critical', 'normal', 'high'] as const) {
      queueUpload(outbox, `${priority}1`, { priority });
      queueUpload(outbox, `${priority}2`, { priority });
    }
    expect(PRIORITIES.flatMap((priority) => ready(outbox, priority))).toEqual([
      'critical1',
      'critical2',
      'high1',
      'high2',
      'normal1',
      'normal2',
      'low1',
      'low2',
    ]);
    expect(ready(outbox, 'high', 1)).toEqual(['high1']);
  });

  it('P9: is not what a person holds back, until its time has come', () => {
    const outbox = makeOutbox();
    const { operations, claims } = outbox.repos;
    const held = must(operations.amend(queueUpload(outbox, 'a'), { heldUntil: NOON + 1000 }));
    operations.amend(queueUpload(outbox, 'b'), { heldUntil: FOREVER });
    queueUpload(outbox, 'c');
    expect(ready(outbox)).toEqual(['c']);
    expect(claims.nextHeldUntil(NOON)).toBe(NOON + 1000);
    outbox.clock.advance(1000);
    expect(ready(outbox)).toEqual(['a', 'c']);
    expect(claims.nextHeldUntil(outbox.clock.now())).toBeNull();
    operations.amend(reread(outbox, held), { heldUntil: 0 });
    expect(ready(outbox)).toEqual(['a', 'c']);
  });

  it('keeps its order behind one that is held: the newer state of a file never overtakes', () => {
    const outbox = makeOutbox();
    outbox.repos.operations.amend(queueUpload(outbox, 'a'), { heldUntil: FOREVER });
    queueUpload(outbox, 'a');
    expect(ready(outbox)).toEqual([]);
  });

  it('P10: is looked for lane by lane', () => {
    const outbox = makeOutbox();
    queueUpload(outbox, 'a', { lane: 'folder:other' });
    const b = queueUpload(outbox, 'b');
    bringTo(outbox, queueUpload(outbox, 'c', { lane: 'provider:crm' }), 'waiting');
    bringTo(outbox, queueUpload(outbox, 'd', { lane: 'provider:gone' }), 'succeeded');
    expect(outbox.repos.claims.lanes()).toEqual(['folder:drop', 'folder:other', 'provider:crm']);
    expect(ready(outbox)).toEqual(['b']);
    outbox.repos.operations.transition(b, 'cancel');
    expect(outbox.repos.claims.lanes()).toEqual(['folder:other', 'provider:crm']);
  });
});

describe('what is due', () => {
  it('comes at its time, the longest overdue first', () => {
    const outbox = makeOutbox();
    for (const [path, delay] of Object.entries({ a: 3000, b: 1000, c: 2000, d: 9000 })) {
      bringTo(outbox, queueUpload(outbox, path), 'waiting', { dueAt: NOON + delay });
    }
    expect(due(outbox)).toEqual([]);
    expect(outbox.repos.claims.nextDueAt(LANE, NOON)).toBe(NOON + 1000);
    outbox.clock.advance(1000);
    expect(due(outbox)).toEqual(['b']);
    outbox.clock.advance(2000);
    expect(due(outbox)).toEqual(['b', 'c', 'a']);
    expect(outbox.repos.claims.nextDueAt(LANE, outbox.clock.now())).toBe(NOON + 9000);
    expect(outbox.repos.claims.nextDueAt('folder:other', 0)).toBeNull();
  });

  it('waits while it is held', () => {
    const outbox = makeOutbox();
    const waiting = bringTo(outbox, queueUpload(outbox, 'a'), 'waiting');
    outbox.repos.operations.amend(waiting, { heldUntil: FOREVER });
    outbox.clock.advance(5000);
    expect(due(outbox)).toEqual([]);
    expect(outbox.repos.claims.anyStartable(LANE, NOON + 9000, outbox.clock.now())).toBe(false);
  });

  it('may be foreseen: something starts until then, or nothing does', () => {
    const outbox = makeOutbox();
    const { claims } = outbox.repos;
    expect(claims.anyStartable(LANE, FOREVER, NOON)).toBe(false);
    const waiting = bringTo(outbox, queueUpload(outbox, 'a'), 'waiting', { dueAt: NOON + 1000 });
    queueUpload(outbox, 'a');
    expect(claims.anyStartable(LANE, NOON + 999, NOON)).toBe(false);
    expect(claims.anyStartable(LANE, NOON + 1000, NOON)).toBe(true);
    outbox.repos.operations.transition(waiting, 'cancel');
    expect(claims.anyStartable(LANE, NOON, NOON)).toBe(true);
  });
});
