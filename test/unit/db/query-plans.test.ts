import { describe, expect, it, vi } from 'vitest';
import { openInMemory } from '../../../src/db/connection.ts';
import { makeOutbox } from '../../support/outbox.ts';

/** Tables without a stated bound: no statement of a repository may walk one of these, or sort it. */
const LARGE = new Set(['operations', 'operation_keys', 'events', 'files', 'parts']);
/** Statements that sort a result on purpose: few rows, or at most as many as a limit names, or all that a person asked for. */
const SORTS_A_FEW = [
  /WHERE resource_key = \?/, // the operations of one resource
  /state = 'failed' AND updated_at >= \?/, // `retry --failed`
  /SELECT DISTINCT dir FROM \(SELECT .* LIMIT \?\)/,
  /INDEXED BY operations_held WHERE held_until > 0 AND state NOT IN/, // what a person paused item by item
];

interface Plan {
  readonly sql: string;
  readonly steps: readonly string[];
}

/** What SQLite means to do for each statement that the repositories prepare. */
function plans(): Plan[] {
  const db = openInMemory();
  const prepare = vi.spyOn(db, 'prepare');
  makeOutbox({ db });
  const statements = prepare.mock.calls.map(([sql]) => sql).filter((sql) => !/^\s*INSERT/.test(sql));
  prepare.mockRestore();
  return statements.map((sql) => {
    const names = [...sql.matchAll(/:([a-zA-Z]+)/g)].map((match) => [match[1], 1] as const);
    const positions = Array.from(sql.matchAll(/\?/g), () => 1);
    const explain = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`);
    const rows = names.length > 0 ? explain.all(Object.fromEntries(names)) : explain.all(...positions);
    return { sql: sql.replaceAll(/\s+/g, ' '), steps: rows.map((row) => row.detail) };
  });
}

/** Names that a statement gives its tables stand for them. */
function tableOf(sql: string, name: string): string {
  return new RegExp(`(\\w+) ${name}\\b`).exec(sql.replace(/^.*? FROM /, 'FROM '))?.[1] ?? name;
}

describe('P8, P11: with 100,000 operations in the queue', () => {
  const all = plans();

  it('there are statements to look at', () => {
    expect(all.length).toBeGreaterThan(30);
  });

  it.each(all)('walks no large table: $sql', ({ sql, steps }) => {
    const scanned = steps.flatMap((step) => {
      const name = /^SCAN (\w+)/.exec(step)?.[1];
      return name === undefined ? [] : [name, tableOf(sql, name)];
    });
    expect(scanned.filter((name) => LARGE.has(name))).toEqual([]);
  });

  it.each(all.filter(({ sql }) => !SORTS_A_FEW.some((pattern) => pattern.test(sql))))(
    'sorts nothing: $sql',
    ({ steps }) => {
      expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
    },
  );

  it.each([
    [
      "o.state = 'pending' AND o.lane = (SELECT ?) AND o.priority = (SELECT ?)",
      'operations_ready (lane=? AND priority=?)',
    ],
    ["o.state = 'waiting' AND o.lane = (SELECT ?) AND o.due_at <= (SELECT ?)", 'operations_due (lane=? AND due_at<?)'],
    ['min(due_at)', 'operations_due (lane=? AND due_at>?)'],
    ['min(held_until)', 'operations_held (held_until>?'],
    ['(updated_at, seq) < (:at, :seq)', 'operations_by_state (state=? AND updated_at<?)'],
    ['state = :state AND seq > :seq', 'operations_in_order (state=? AND seq>?)'],
    ["state = 'running' ORDER BY seq", 'operations_in_order (state=?)'],
    ['operation_seq = :operationSeq AND seq > :afterSeq', 'events_by_operation (operation_seq=? AND rowid>?'],
    ['operation_seq = ? ORDER BY seq DESC', 'events_by_operation (operation_seq=?'],
    ['FROM files', 'PRIMARY KEY (folder=?'],
  ])('answers %s by its index', (fragment, index) => {
    const found = all.filter(({ sql, steps }) => sql.includes(fragment) && steps.some((step) => step.includes(index)));
    expect(found.length, JSON.stringify(all.filter(({ sql }) => sql.includes(fragment)))).toBeGreaterThan(0);
  });
});
