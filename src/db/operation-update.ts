import type { Statement } from 'better-sqlite3';
import { PRIORITIES } from '../core/operation.ts';
import { isTerminal, type State } from '../core/states.ts';
import type { ReadableDb } from './connection.ts';
import { placeholders, rowBatches, SizedStatements } from './row-batches.ts';
import { jsonColumn, type OperationChange, type StoredOperation } from './stored-operation.ts';

/** What an update may write, the column of each, and how its value is stored. */
const COLUMNS = {
  state: ['state', (next) => next.state],
  priority: ['priority', (next) => PRIORITIES.indexOf(next.priority)],
  target: ['target', (next) => next.target],
  spec: ['spec', (next) => JSON.stringify(next.spec)],
  sealed: ['sealed', (next) => next.sealed],
  bytesTotal: ['bytes_total', (next) => next.bytesTotal],
  bytesDone: ['bytes_done', (next) => next.bytesDone],
  attempts: ['attempts', (next) => next.attempts],
  deaths: ['deaths', (next) => next.deaths],
  leaseEpoch: ['lease_epoch', (next) => next.leaseEpoch],
  leaseAttempt: ['lease_attempt', (next) => next.leaseAttempt],
  ending: ['ending', (next) => next.ending],
  dueAt: ['due_at', (next) => next.dueAt],
  heldUntil: ['held_until', (next) => next.heldUntil],
  error: ['error', (next) => jsonColumn(next.error)],
  memo: ['memo', (next) => JSON.stringify(next.memo)],
  base: ['base', (next) => jsonColumn(next.base)],
  remote: ['remote', (next) => jsonColumn(next.remote)],
  verified: ['verified', (next) => (next.verified === null ? null : Number(next.verified))],
  externalId: ['external_id', (next) => next.externalId],
  externalUrl: ['external_url', (next) => next.externalUrl],
  idempotencyKey: ['idempotency_key', (next) => next.idempotencyKey],
  response: ['response', (next) => jsonColumn(next.response)],
  startedAt: ['started_at', (next) => next.startedAt],
  completedAt: ['completed_at', (next) => next.completedAt],
  updatedAt: ['updated_at', (next) => next.updatedAt],
} as const satisfies Readonly<
  Record<
    keyof OperationChange | 'state' | 'completedAt' | 'updatedAt',
    readonly [column: string, (next: StoredOperation) => unknown]
  >
>;

type Field = keyof typeof COLUMNS;
const FIELDS = Object.keys(COLUMNS) as readonly Field[];

/** The fields of a set of columns: bit n stands for the nth field. */
const BITS = Object.fromEntries(FIELDS.map((field, index) => [field, 1 << index])) as Readonly<Record<Field, number>>;
/** What a step changes whether its caller names it or not. */
const FOLLOWS = ['state', 'leaseEpoch', 'ending', 'dueAt', 'completedAt'] as const satisfies readonly Field[];

/** Sets of columns in use are few: one for each kind of step. More than these would be a leak of statements. */
const STATEMENTS_MAX = 200;

/** A row as it was seen, as it is to be, and what the caller named of it. */
export interface RowChange {
  readonly seen: StoredOperation;
  readonly next: StoredOperation;
  readonly change: OperationChange;
}

/** The statements that write one set of columns. */
interface ColumnSet {
  readonly fields: readonly Field[];
  readonly one: Statement<unknown[]>;
  readonly many: SizedStatements<number>;
}

/**
 * Writes what a step changes and nothing else: an index whose columns are not named is not touched, and a column that another
 * hand wrote since the row was seen stays as it is.
 */
export class OperationUpdate {
  readonly #db: ReadableDb;
  readonly #sets = new Map<number, ColumnSet>();

  constructor(db: ReadableDb) {
    this.#db = db;
  }

  /** Brings the row to `next` if it still has the state and lease of `seen`; tells whether it had. */
  write(row: RowChange): boolean {
    const { fields, one } = this.#set(columnsOf(row));
    return one.run(...values(fields, row)).changes > 0;
  }

  /** The same for many operations, each of them once; those that change the same columns share statements. */
  writeAll(rows: readonly RowChange[]): ReadonlySet<RowChange> {
    const written = new Set<RowChange>();
    for (const [mask, alike] of Map.groupBy(rows, columnsOf)) {
      const { fields, many } = this.#set(mask);
      for (const batch of rowBatches(alike)) {
        const seqs = new Set(many.for(batch.length).all(...batch.flatMap((row) => values(fields, row))));
        for (const row of batch) if (seqs.has(row.seen.seq)) written.add(row);
      }
    }
    return written;
  }

  #set(mask: number): ColumnSet {
    const known = this.#sets.get(mask);
    if (known !== undefined) return known;
    const fields = FIELDS.filter((field) => (mask & BITS[field]) !== 0);
    const set: ColumnSet = {
      fields,
      one: this.#db.prepare<unknown[]>(
        `UPDATE operations SET ${fields.map((field) => `${COLUMNS[field][0]} = ?`).join(', ')}
         WHERE seq = ? AND state = ? AND lease_attempt = ?`,
      ),
      many: new SizedStatements((rows) => this.#db.prepare<unknown[], number>(updateOfMany(fields, rows)).pluck()),
    };
    if (this.#sets.size >= STATEMENTS_MAX) this.#sets.clear();
    this.#sets.set(mask, set);
    return set;
  }
}

/** SQLite calls the columns of a list of values column1, column2 and so on. */
function updateOfMany(fields: readonly Field[], rows: number): string {
  const to = fields.map((field, index) => `${COLUMNS[field][0]} = new.column${index + 1}`);
  const [seq, state, leaseAttempt] = [1, 2, 3].map((index) => `new.column${fields.length + index}`);
  return `UPDATE operations SET ${to.join(', ')} FROM (VALUES ${placeholders(rows, fields.length + 3)}) AS new
    WHERE operations.seq = ${seq} AND operations.state = ${state} AND operations.lease_attempt = ${leaseAttempt} RETURNING seq`;
}

function values(fields: readonly Field[], { seen, next }: RowChange): unknown[] {
  return [...fields.map((field) => COLUMNS[field][1](next)), seen.seq, seen.state, seen.leaseAttempt];
}

function columnsOf({ seen, next, change }: RowChange): number {
  let mask = BITS.updatedAt;
  // What the caller names is written whatever was seen: `seen` may be older than the row.
  for (const field of Object.keys(change) as (keyof OperationChange)[]) mask |= BITS[field];
  for (const field of FOLLOWS) if (seen[field] !== next[field] || dropsLease(field, seen, next)) mask |= BITS[field];
  return mask;
}

/** Whoever lets go of a lease takes these away, also where another hand set them since. */
function dropsLease(field: Field, seen: StoredOperation, next: StoredOperation): boolean {
  return (field === 'leaseEpoch' || field === 'ending') && holdsLease(seen.state) && !holdsLease(next.state);
}

function holdsLease(state: State): boolean {
  return state === 'running' || state === 'compensating';
}

/** The row as the change and the step to `state` make it at `now`. */
export function changed(
  seen: StoredOperation,
  state: State,
  change: OperationChange,
  now: StoredOperation['updatedAt'],
): StoredOperation {
  return {
    ...seen,
    ...change,
    state,
    updatedAt: now,
    completedAt: isTerminal(state) ? (seen.completedAt ?? now) : null,
    ...(holdsLease(state) ? {} : { leaseEpoch: null, ending: null }),
    ...(state === 'waiting' || state === 'compensating' || change.dueAt !== undefined ? {} : { dueAt: null }),
  };
}
