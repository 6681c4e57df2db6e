import { afterEach, describe, expect, it, vi } from 'vitest';
import { openInMemory } from '../../../src/db/connection.ts';
import { makeOutbox } from '../../support/outbox.ts';

/**
 * SQLite's planner looks into the bare parameters of some queries and plans them anew at every run: 5 to 40 µs for a query
 * that takes one. Writing `(SELECT ?)` instead ends that. Nothing tells of it but the time.
 */
const RUNS = 200;
const ROUNDS = 15;
/** How much longer a query of one operation may take than the plainest there is. A planned one takes 20 times as long. */
const TIMES = 8;

/** Statements that run for every operation or directory. */
const HOT = [
  "o.state = 'pending' AND o.lane",
  "o.state = 'waiting' AND o.lane",
  'min(due_at)',
  'o.seq IN (SELECT operation_seq',
  'SELECT * FROM operations WHERE id',
  'SELECT state FROM operations WHERE id',
  'INDEXED BY operation_keys_one_runner',
  'FROM files WHERE folder = ? AND dir = ? AND name = ?',
  'INDEXED BY files_by_key',
  'FROM directories',
  'SELECT dir FROM files WHERE folder',
];

describe('P10: a look at the queue', () => {
  afterEach(() => vi.restoreAllMocks());
  const db = openInMemory();
  const prepare = vi.spyOn(db, 'prepare');
  makeOutbox({ db });
  const prepared = prepare.mock.calls.map(([sql]) => sql.replaceAll(/\s+/g, ' '));

  /** The least time of many rounds, so that what else the machine does counts little. */
  function microseconds(sql: string): number {
    const statement = db.prepare<unknown[]>(sql);
    const values = Array.from(sql.matchAll(/\?/g), () => 1);
    const rounds = Array.from({ length: ROUNDS }, () => {
      const startedAt = performance.now();
      for (let run = 0; run < RUNS; run += 1) statement.all(...values);
      return ((performance.now() - startedAt) * 1000) / RUNS;
    });
    return Math.min(...rounds);
  }

  it.each(HOT)('is not planned anew at each run: %s', (fragment) => {
    const found = prepared.filter((sql) => sql.startsWith('SELECT') && sql.includes(fragment));
    expect(found.length).toBeGreaterThan(0);
    const plainest = microseconds('SELECT lane FROM operations WHERE seq = ?');
    for (const sql of found) expect(microseconds(sql) / plainest, sql).toBeLessThan(TIMES);
  });

  it('a query that is planned anew would be noticed', () => {
    const sql = `SELECT o.* FROM operations o WHERE o.state = 'pending' AND o.lane = ? AND o.priority = ? AND o.held_until <= ?
      ORDER BY o.seq LIMIT ?`;
    expect(microseconds(sql) / microseconds('SELECT lane FROM operations WHERE seq = ?')).toBeGreaterThan(TIMES);
  });
});
