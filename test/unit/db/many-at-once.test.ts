import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newOperationId } from '../../../src/core/ids.ts';
import type { NewOperation } from '../../../src/db/new-operation.ts';
import type { Step } from '../../../src/db/operations-repo.ts';
import { rowBatches } from '../../../src/db/row-batches.ts';
import { errorOfCode } from '../../../src/sync/settle.ts';
import { eventTypes, lease, makeOutbox, must, queueUpload, reread, type Outbox } from '../../support/outbox.ts';

function made(outbox: Outbox, path: string, resourceKeys: readonly string[] = [`main:${path}`]): NewOperation {
  return {
    id: newOperationId(outbox.clock, outbox.random),
    kind: 'file.upload',
    priority: 'normal',
    lane: 'folder:drop',
    target: path,
    resourceKeys,
    spec: {},
    bytesTotal: 10,
  };
}

const leaseStep = (seen: Step['seen'], attempt = 1): Step => ({
  seen,
  event: 'lease',
  change: { leaseEpoch: 1, leaseAttempt: attempt, startedAt: 5 },
});

describe('batches of rows', () => {
  it('hold every row once and in order, and come in few sizes', () => {
    const sizes = new Set<number>();
    for (const count of [0, 1, 3, 4, 5, 63, 64, 65, 84, 85, 1000]) {
      const rows = Array.from({ length: count }, (_, index) => index);
      const batches = [...rowBatches(rows)];
      expect(batches.flat()).toEqual(rows);
      for (const batch of batches) sizes.add(batch.length);
    }
    expect(sizes.size).toBe(4);
  });
});

describe('P8: many operations that are queued at once', () => {
  it('are numbered in their order, hold their keys and tell of themselves, as one by one', () => {
    const outbox = makeOutbox();
    const before = queueUpload(outbox, 'first');
    const all = Array.from({ length: 150 }, (_, index) => ({
      made: made(outbox, `f${index}`, index === 7 ? ['main:f7', 'main:other'] : undefined),
      details: { index },
    }));
    const stored = outbox.repos.operations.insertAll(all);
    expect(stored.map(({ seq }) => seq)).toEqual(all.map((_, index) => before.seq + 1 + index));
    for (const [index, operation] of stored.entries()) {
      expect(reread(outbox, operation)).toEqual(operation);
      expect(operation.id).toBe(all[index]?.made.id);
      expect(outbox.repos.events.latestOf(operation.id, 10)).toMatchObject([
        { type: 'queued', from: null, to: 'pending', details: { index } },
      ]);
    }
    expect(outbox.repos.operations.unfinishedOn('main:other').map(({ id }) => id)).toEqual([stored[7]?.id]);
    expect(outbox.repos.queue.counts()).toMatchObject([{ state: 'pending', operations: 151 }]);
  });

  it('never get the number of one that is gone', () => {
    const outbox = makeOutbox();
    const [gone] = outbox.repos.operations.insertAll([{ made: made(outbox, 'a'), details: {} }]);
    outbox.db.exec('DELETE FROM operations');
    const [next] = outbox.repos.operations.insertAll([{ made: made(outbox, 'b'), details: {} }]);
    expect(must(next).seq).toBeGreaterThan(must(gone).seq);
  });

  it('are queued all or not at all', () => {
    const outbox = makeOutbox();
    const { repos } = outbox;
    const good = made(outbox, 'a');
    const bad = { ...made(outbox, 'b'), id: good.id };
    expect(() =>
      repos.transaction(() => repos.operations.insertAll([good, bad].map((each) => ({ made: each, details: {} })))),
    ).toThrow(/UNIQUE/);
    expect(repos.operations.lastSeq()).toBe(0);
    expect(repos.events.lastSeq()).toBe(0);
  });
});

describe('P5: steps of many operations at once', () => {
  it('leave out what is no longer as it was seen, and write the others', () => {
    const outbox = makeOutbox();
    const { operations } = outbox.repos;
    const seen = Array.from({ length: 70 }, (_, index) => queueUpload(outbox, `f${index}`));
    const taken = lease(outbox, must(seen[3]));
    const done = operations.transitionAll(seen.map((each) => leaseStep(each)));
    expect(done[3]).toBeNull();
    expect(reread(outbox, taken)).toEqual(taken);
    for (const operation of done) if (operation !== null) expect(reread(outbox, operation)).toEqual(operation);
    expect(done.filter((operation) => operation !== null)).toHaveLength(69);
    expect(eventTypes(outbox, taken)).toEqual(['queued', 'started']);
  });

  it('P8: refuse a second runner on a resource, and then none of them is written', () => {
    const outbox = makeOutbox();
    const { repos } = outbox;
    const seen = [queueUpload(outbox, 'a'), queueUpload(outbox, 'b'), queueUpload(outbox, 'a')];
    expect(() => repos.transaction(() => repos.operations.transitionAll(seen.map((each) => leaseStep(each))))).toThrow(
      /UNIQUE/,
    );
    expect(seen.map((each) => reread(outbox, each).state)).toEqual(['pending', 'pending', 'pending']);
  });

  it('refuse what the lifecycle forbids before anything is written', () => {
    const outbox = makeOutbox();
    const { operations } = outbox.repos;
    const [a, b] = [queueUpload(outbox, 'a'), queueUpload(outbox, 'b')];
    expect(() => operations.transitionAll([leaseStep(a), { seen: b, event: 'succeed' }])).toThrow(/not possible/);
    expect(reread(outbox, a).state).toBe('pending');
  });

  it('say what steps one by one say, whatever they change', () => {
    const anyStep = fc.constantFrom('cancel', 'supersede', 'fail', 'lease', 'compensate');
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 40 }), (events) => {
        const [together, apart] = [makeOutbox(), makeOutbox()];
        const steps = (outbox: Outbox): Step[] =>
          events.map((event, index) => {
            const seen = queueUpload(outbox, `f${index}`);
            if (event === 'lease') return leaseStep(seen, index + 1);
            return { seen, event, change: { error: errorOfCode('s3.server-error') }, note: { details: { index } } };
          });
        const done = together.repos.operations.transitionAll(steps(together));
        const one = steps(apart).map(({ seen, event, change, note }) =>
          apart.repos.operations.transition(seen, event, change, note),
        );
        const rows = ({ db }: Outbox) => db.prepare('SELECT * FROM operations ORDER BY seq').all();
        const kept = ({ db }: Outbox) => db.prepare('SELECT * FROM operation_keys ORDER BY operation_seq').all();
        const told = ({ db }: Outbox) =>
          db.prepare('SELECT seq, operation, type, from_state, to_state, details FROM events ORDER BY seq').all();
        expect(withoutIds(done)).toEqual(withoutIds(one));
        expect(withoutIds(rows(together))).toEqual(withoutIds(rows(apart)));
        expect(kept(together)).toEqual(kept(apart));
        expect(withoutIds(told(together))).toEqual(withoutIds(told(apart)));
        expect(together.repos.queue.counts()).toEqual(apart.repos.queue.counts());
        together.db.close();
        apart.db.close();
      }),
      { numRuns: 30 },
    );
  });
});

/** Ids hold randomness that the order of events has a part in. */
function withoutIds(rows: readonly unknown[]): unknown[] {
  return rows.map((row) => (row === null ? null : { ...(row as object), id: '', operation: '' }));
}
