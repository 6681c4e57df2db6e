import type { Statement } from 'better-sqlite3';
import { PRIORITIES } from '../core/operation.ts';
import { isTerminal, type State } from '../core/states.ts';
import type { ReadableDb } from './connection.ts';
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

/** Sets of columns in use are few: one for each kind of step. More than these would be a leak of statements. */
const STATEMENTS_MAX = 500;

/**
 * Writes what a step changes and nothing else: an index whose columns are not named is not touched, and a column that another
 * hand wrote since the row was seen stays as it is.
 */
export class OperationUpdate {
  readonly #db: ReadableDb;
  readonly #statements = new Map<number, Statement<unknown[]>>();

  constructor(db: ReadableDb) {
    this.#db = db;
  }

  /** Brings the row to `next` if it still has the state and lease of `seen`; tells whether it had. */
  write(seen: StoredOperation, next: StoredOperation, change: OperationChange): boolean {
    let mask = 0;
    const values: unknown[] = [];
    FIELDS.forEach((field, index) => {
      // What the caller names is written whatever was seen: `seen` may be older than the row.
      if (!(field in change) && field !== 'updatedAt' && seen[field] === next[field] && !dropsLease(field, seen, next))
        return;
      mask |= 1 << index;
      values.push(COLUMNS[field][1](next));
    });
    return this.#statement(mask).run(...values, seen.seq, seen.state, seen.leaseAttempt).changes > 0;
  }

  #statement(mask: number): Statement<unknown[]> {
    const known = this.#statements.get(mask);
    if (known !== undefined) return known;
    const columns = FIELDS.filter((_, index) => (mask & (1 << index)) !== 0).map((field) => `${COLUMNS[field][0]} = ?`);
    const statement = this.#db.prepare<unknown[]>(
      `UPDATE operations SET ${columns.join(', ')} WHERE seq = ? AND state = ? AND lease_attempt = ?`,
    );
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
    this.#statements.set(mask, statement);
    return statement;
  }
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
