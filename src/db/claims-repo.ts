import { PRIORITIES, type Priority } from '../core/operation.ts';
import type { EpochMs } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';
import { fromRow, type OperationRow, type StoredOperation } from './stored-operation.ts';

/** An operation may start when no other runs on any of its resources and no older one holds a place there (P8). */
const FIRST_ON_ALL_KEYS = `NOT EXISTS (
  SELECT 1 FROM operation_keys mine JOIN operation_keys other ON other.resource_key = mine.resource_key
  WHERE mine.operation_seq = o.seq AND other.operation_seq <> o.seq
    AND (other.active = 1 OR (other.held = 1 AND other.operation_seq < o.seq)))`;

/**
 * Finds what may start. Each query is answered by a partial index: one lane, one priority, in order.
 *
 * A value stands as `(SELECT ?)`: SQLite's planner looks into bare parameters of such queries and plans anew at every run,
 * which takes 35 µs where the query itself takes one.
 */
export class ClaimsRepo {
  readonly #ready;
  readonly #due;
  readonly #anyStartable;
  readonly #nextDue;
  readonly #nextHeld;
  readonly #held;
  readonly #lanes;

  constructor(db: ReadableDb) {
    this.#ready = db.prepare<unknown[], OperationRow>(
      `SELECT o.* FROM operations o WHERE o.state = 'pending' AND o.lane = (SELECT ?) AND o.priority = (SELECT ?)
       AND o.held_until <= (SELECT ?) AND ${FIRST_ON_ALL_KEYS} ORDER BY o.seq LIMIT (SELECT ?)`,
    );
    this.#due = db.prepare<unknown[], OperationRow>(
      `SELECT o.* FROM operations o WHERE o.state = 'waiting' AND o.lane = (SELECT ?) AND o.due_at <= (SELECT ?)
       AND o.held_until <= (SELECT ?) AND ${FIRST_ON_ALL_KEYS} ORDER BY o.due_at, o.seq LIMIT (SELECT ?)`,
    );
    this.#anyStartable = db.prepare<unknown[], { found: number }>(
      `SELECT 1 AS found FROM operations o WHERE o.lane = :lane AND o.held_until <= :now
       AND (o.state = 'pending' OR (o.state = 'waiting' AND o.due_at <= :until)) AND ${FIRST_ON_ALL_KEYS} LIMIT 1`,
    );
    this.#nextDue = db.prepare<unknown[], { at: number | null }>(
      "SELECT min(due_at) AS at FROM operations WHERE state = 'waiting' AND lane = (SELECT ?) AND due_at > (SELECT ?)",
    );
    this.#nextHeld = db.prepare<unknown[], { at: number | null }>(
      `SELECT min(held_until) AS at FROM operations INDEXED BY operations_held
       WHERE held_until > 0 AND held_until > ? AND state IN ('pending','waiting') AND held_until < ${Number.MAX_SAFE_INTEGER}`,
    );
    this.#held = db.prepare<unknown[], { id: string }>(
      `SELECT id FROM operations INDEXED BY operations_held
       WHERE held_until > 0 AND state NOT IN ('succeeded','cancelled','superseded') ORDER BY seq`,
    );
    this.#lanes = db.prepare<unknown[], { lane: string }>(
      "SELECT DISTINCT lane FROM counters WHERE state IN ('pending','waiting') AND operations > 0 ORDER BY lane",
    );
  }

  /** Lanes with something pending or waiting. */
  lanes(): string[] {
    return this.#lanes.all().map((row) => row.lane);
  }

  ready(lane: string, priority: Priority, now: EpochMs, limit: number): StoredOperation[] {
    return this.#ready.all(lane, PRIORITIES.indexOf(priority), now, limit).map(fromRow);
  }

  due(lane: string, now: EpochMs, limit: number): StoredOperation[] {
    return this.#due.all(lane, now, now, limit).map(fromRow);
  }

  /** Whether something of the lane may start until `until` and is not held now. */
  anyStartable(lane: string, until: EpochMs, now: EpochMs): boolean {
    return this.#anyStartable.get({ lane, until, now }) !== undefined;
  }

  /** When the next retry of a lane is due, after `now`. */
  nextDueAt(lane: string, now: EpochMs): EpochMs | null {
    return this.#nextDue.get(lane, now)?.at ?? null;
  }

  /** Items that are, or were, paused by themselves and have not ended. */
  heldIds(): string[] {
    return this.#held.all().map((row) => row.id);
  }

  /** When the next item that was paused for a time is free again. */
  nextHeldUntil(now: EpochMs): EpochMs | null {
    return this.#nextHeld.get(now)?.at ?? null;
  }
}
