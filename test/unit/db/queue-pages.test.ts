import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATES, type State } from '../../../src/core/states.ts';
import { parseCursor, type QueuePage, type QueueQuery } from '../../../src/db/queue-queries.ts';
import { bringTo, makeOutbox, queueUpload, type Outbox } from '../../support/outbox.ts';

/** All pages of a query, each by the cursor of the one before. */
function pages(outbox: Outbox, query: Omit<QueueQuery, 'after'>): number[][] {
  const found: number[][] = [];
  let after: string | null = null;
  do {
    const page = outbox.repos.queue.page({ ...query, ...(after === null ? {} : { after }) });
    found.push(page.items.map(({ seq }) => seq));
    after = page.next;
  } while (after !== null && found.length < 1000);
  return found;
}

/** An outbox with one operation per entry, in that state, made `gap` ms after the one before. */
function filled(entries: readonly { readonly state: State; readonly gap: number }[]): Outbox {
  const outbox = makeOutbox();
  for (const [index, { state, gap }] of entries.entries()) {
    outbox.clock.advance(gap);
    bringTo(outbox, queueUpload(outbox, `f${index}`), state);
  }
  return outbox;
}

const anyEntry = fc.record({ state: fc.constantFrom(...STATES), gap: fc.integer({ min: 0, max: 2 }) });

describe('pages of the queue', () => {
  it('show each item once and in order, whatever the states and sizes', () => {
    fc.assert(
      fc.property(
        fc.array(anyEntry, { maxLength: 30 }),
        fc.uniqueArray(fc.constantFrom(...STATES), { minLength: 1 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom('oldest' as const, 'newest' as const),
        (entries, states, limit, order) => {
          const outbox = filled(entries);
          const found = pages(outbox, { states, limit, order });
          const rows = outbox.db
            .prepare<[], { seq: number; state: State; updated_at: number }>(
              'SELECT seq, state, updated_at FROM operations',
            )
            .all()
            .filter(({ state }) => states.includes(state))
            .toSorted((a, b) => (order === 'oldest' ? a.seq - b.seq : b.updated_at - a.updated_at || b.seq - a.seq));
          expect(found.flat()).toEqual(rows.map(({ seq }) => seq));
          expect(found.slice(0, -1).every((page) => page.length === limit)).toBe(true);
          outbox.db.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('end with the last item: no empty page follows a full one', () => {
    const outbox = filled(Array.from({ length: 4 }, () => ({ state: 'pending' as const, gap: 1 })));
    expect(pages(outbox, { states: STATES, limit: 2, order: 'oldest' })).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('go on where they stood when items are added meanwhile', () => {
    const outbox = filled(Array.from({ length: 4 }, () => ({ state: 'pending' as const, gap: 1 })));
    const first = outbox.repos.queue.page({ states: STATES, limit: 2, order: 'newest' });
    outbox.clock.advance(1);
    queueUpload(outbox, 'new');
    const second = outbox.repos.queue.page({ states: STATES, limit: 2, order: 'newest', after: first.next ?? '' });
    expect([...first.items, ...second.items].map(({ seq }) => seq)).toEqual([4, 3, 2, 1]);
  });

  it('filter by folder, kind and text', () => {
    const outbox = makeOutbox();
    queueUpload(outbox, 'a/report.pdf');
    queueUpload(outbox, 'b/REPORT 2.pdf', { folder: 'other' });
    queueUpload(outbox, '100%_done.txt');
    queueUpload(outbox, 'x', { kind: 'api.call', path: null, target: 'POST crm:/report' });
    const find = (query: Partial<QueueQuery>) =>
      outbox.repos.queue
        .page({ states: STATES, order: 'oldest', limit: 10, ...query })
        .items.map(({ path, target }) => path ?? target);
    expect(find({ search: 'report' })).toEqual(['a/report.pdf', 'b/REPORT 2.pdf', 'POST crm:/report']);
    expect(find({ search: 'report', folder: 'drop', kind: 'file.upload' })).toEqual(['a/report.pdf']);
    expect(find({ search: '%_' })).toEqual(['100%_done.txt']);
    expect(find({ search: '\\' })).toEqual([]);
    expect(find({ search: '' })).toHaveLength(4);
    expect(find({ kind: 'api.call' })).toEqual(['POST crm:/report']);
  });

  it('take only cursors that they gave', () => {
    expect(parseCursor('1772366400000-12')).toEqual({ at: 1_772_366_400_000, seq: 12 });
    for (const text of ['', '12', '-1-2', '1-2-3', 'a-b', '1.5-2', '99999999999999999-1'])
      expect(parseCursor(text)).toBeNull();
  });

  it('count from kept numbers', () => {
    const outbox = filled(STATES.map((state) => ({ state, gap: 1 })));
    expect(outbox.repos.queue.totals()).toEqual(Object.fromEntries(STATES.map((state) => [state, 1])));
  });

  it('find what failed in a time', () => {
    const outbox = filled([
      { state: 'failed', gap: 0 },
      { state: 'failed', gap: 10 },
      { state: 'cancelled', gap: 0 },
      { state: 'failed', gap: 10 },
    ]);
    const start = outbox.clock.now() - 20;
    const { queue } = outbox.repos;
    const seqs = (since: number, until: number) =>
      queue.failedIds({ at: start + since, seq: 0 }, start + until, 10).map(({ cursor }) => cursor.seq);
    expect(seqs(0, 20)).toEqual([1, 2, 4]);
    expect(seqs(10, 10)).toEqual([2]);
    expect(seqs(11, 19)).toEqual([]);
    const [first] = queue.failedIds({ at: start, seq: 0 }, start + 20, 1);
    expect(queue.failedIds(first?.cursor ?? { at: 0, seq: 0 }, start + 20, 1)[0]?.cursor.seq).toBe(2);
  });

  it('are found in steps of few rows when most are not wanted, and are the same', () => {
    const entry = fc.record({
      state: fc.constantFrom(...STATES),
      gap: fc.integer({ min: 0, max: 2 }),
      other: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 25 }),
        fc.uniqueArray(fc.constantFrom(...STATES), { minLength: 1 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom('oldest' as const, 'newest' as const),
        (entries, states, limit, lookedRows, order) => {
          const outbox = makeOutbox();
          for (const [index, { state, gap, other }] of entries.entries()) {
            outbox.clock.advance(gap);
            bringTo(outbox, queueUpload(outbox, `f${index}`, other ? { folder: 'other' } : {}), state);
          }
          const query = { states, order, folder: 'other' };
          const found: number[] = [];
          let after: string | null = null;
          for (let step = 0; step < 200; step += 1) {
            const part: QueuePage = outbox.repos.queue.search(
              { ...query, limit, ...(after === null ? {} : { after }) },
              lookedRows,
            );
            expect(part.items.length).toBeLessThanOrEqual(limit);
            found.push(...part.items.map(({ seq }) => seq));
            after = part.next;
            if (after === null) break;
          }
          expect(after).toBeNull();
          expect(found).toEqual(pages(outbox, { ...query, limit: 100 }).flat());
          outbox.db.close();
        },
      ),
      { numRuns: 100 },
    );
  });

  it('of a lane hold what rests there, and nothing that runs or is over', () => {
    const outbox = filled(STATES.map((state) => ({ state, gap: 1 })));
    queueUpload(outbox, 'elsewhere', { lane: 'deletes:drop' });
    const resting = (lane: string, limit: number) =>
      outbox.repos.queue.restingInLane(lane, limit).map(({ state, target }) => [state, target]);
    const lane = outbox.repos.operations.bySeq(1)?.lane ?? '';
    expect(new Set(resting(lane, 10).map(([state]) => state))).toEqual(
      new Set(['pending', 'waiting', 'conflict', 'failed']),
    );
    expect(resting(lane, 2)).toHaveLength(2);
    expect(resting('deletes:drop', 10)).toHaveLength(1);
    expect(resting('deletes:other', 10)).toEqual([]);
  });
});

describe('the history', () => {
  it('is read in pages, by item and from a time on', () => {
    const outbox = makeOutbox();
    const a = queueUpload(outbox, 'a');
    outbox.clock.advance(1000);
    const b = queueUpload(outbox, 'b');
    bringTo(outbox, a, 'succeeded');
    const { events } = outbox.repos;
    expect(events.list({ limit: 2 }).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(events.list({ limit: 9, afterSeq: 2 }).map(({ type }) => type)).toEqual(['started', 'succeeded']);
    expect(events.list({ limit: 9, since: b.createdAt }).map(({ seq }) => seq)).toEqual([2, 3, 4]);
    expect(events.list({ limit: 9, operationId: a.id }).map(({ type }) => type)).toEqual([
      'queued',
      'started',
      'succeeded',
    ]);
    expect(events.list({ limit: 9, operationId: a.id, afterSeq: 1, since: a.createdAt }).map(({ seq }) => seq)).toEqual(
      [3, 4],
    );
    expect(events.latestOf(a.id, 2).map(({ type }) => type)).toEqual(['started', 'succeeded']);
    expect(events.lastSeq()).toBe(4);
  });
});
