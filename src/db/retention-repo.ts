import type { EpochMs } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';

/** What one small step removed, and where the next one begins. */
export interface RetentionStep {
  readonly removed: number;
  /** Null: everything old enough has been looked at. */
  readonly next: number | null;
}

/**
 * Removes what is old, in small steps, so that the file stays bounded over months and no step holds up the engine. An
 * operation that has not ended keeps its whole history, however old.
 */
export class RetentionRepo {
  readonly #db: ReadableDb;
  readonly #eventSeqs;
  readonly #removeEvents;
  readonly #endedBefore;
  readonly #removeOperation;
  readonly #removeSteps;
  readonly #removeRuns;

  constructor(db: ReadableDb) {
    this.#db = db;
    this.#eventSeqs = db.prepare<unknown[], { last: number | null; newest: number | null }>(
      'SELECT max(seq) AS last, max(at) AS newest FROM (SELECT seq, at FROM events WHERE seq > ? ORDER BY seq LIMIT ?)',
    );
    this.#removeEvents = db.prepare<unknown[]>(
      `DELETE FROM events WHERE seq > :from AND seq <= :to AND at < :before AND NOT EXISTS (
         SELECT 1 FROM operations o WHERE o.seq = events.operation_seq AND o.completed_at IS NULL)`,
    );
    this.#endedBefore = db.prepare<unknown[], { seq: number; id: string; updated: number }>(
      `SELECT seq, id, updated_at AS updated FROM operations INDEXED BY operations_by_state
       WHERE state = ? AND updated_at < ? ORDER BY updated_at, seq LIMIT ?`,
    );
    // A parent stays as long as one of its children does.
    this.#removeOperation = db.prepare<unknown[]>(
      'DELETE FROM operations WHERE seq = :seq AND NOT EXISTS (SELECT 1 FROM operations child WHERE child.parent = :id)',
    );
    this.#removeSteps = db.prepare<unknown[]>('DELETE FROM steps WHERE operation = ?');
    this.#removeRuns = db.prepare<unknown[]>(
      'DELETE FROM engine_runs WHERE started_at < ? AND epoch < (SELECT max(epoch) FROM engine_runs) - ?',
    );
  }

  /** Looks at up to `limit` events after `fromSeq` and removes those of before `before`. */
  removeEvents(fromSeq: number, before: EpochMs, limit: number): RetentionStep {
    const range = this.#eventSeqs.get(fromSeq, limit);
    if (range === undefined || range.last === null || range.newest === null) return { removed: 0, next: null };
    const removed = this.#removeEvents.run({ from: fromSeq, to: range.last, before }).changes;
    // Times follow the order of seq but for a clock that was set: a step whose newest is young ends the search.
    return { removed, next: range.newest >= before ? null : range.last };
  }

  /** Removes up to `limit` operations in this terminal state that ended before `before`. */
  removeEnded(state: 'succeeded' | 'cancelled' | 'superseded', before: EpochMs, limit: number): number {
    let removed = 0;
    for (const { seq, id } of this.#endedBefore.all(state, before, limit)) {
      this.#removeSteps.run(id);
      removed += this.#removeOperation.run({ seq, id }).changes;
    }
    return removed;
  }

  /** Keeps the last `keep` runs of the engine and whatever is younger than `before`. */
  removeRuns(before: EpochMs, keep: number): number {
    return this.#removeRuns.run(before, keep).changes;
  }

  /** Pages of the file that hold nothing. */
  freePages(): number {
    return this.#db.pragma('freelist_count', { simple: true }) as number;
  }

  /** Gives up to `pages` (≥ 1) free pages back to the file system; does nothing in a database that was not made for it. */
  shrink(pages: number): void {
    this.#db.pragma(`incremental_vacuum(${Math.max(1, Math.floor(pages))})`);
  }

  /** Writes the log back into the database and cuts it off; false while a reader keeps it. */
  checkpoint(): boolean {
    const [result] = this.#db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    return result?.busy === 0;
  }
}
