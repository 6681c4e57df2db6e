import type { EpochMs } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';

/** A multipart upload to abort. Without an id it is found by its key and by the time of the intent. */
export interface StoredCleanup {
  readonly id: number;
  readonly destination: string;
  readonly key: string;
  readonly uploadId: string | null;
  readonly intentAt: EpochMs;
  readonly endedAt: EpochMs;
  readonly attempts: number;
  readonly dueAt: EpochMs;
}

const COLUMNS = `id, destination, key, upload_id AS uploadId, intent_at AS intentAt, ended_at AS endedAt, attempts, due_at AS dueAt`;

/** What must still be undone at services (P7). Rows stay until it has succeeded. */
export class CleanupsRepo {
  readonly #due;
  readonly #nextDue;
  readonly #remove;
  readonly #postpone;
  readonly #count;
  readonly #boundDue;

  constructor(db: ReadableDb) {
    this.#due = db.prepare<unknown[], StoredCleanup>(
      `SELECT ${COLUMNS} FROM cleanups WHERE destination = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?`,
    );
    this.#nextDue = db.prepare<unknown[], { destination: string; at: number }>(
      'SELECT destination, min(due_at) AS at FROM cleanups GROUP BY destination',
    );
    this.#remove = db.prepare<unknown[]>('DELETE FROM cleanups WHERE id = ?');
    this.#postpone = db.prepare<unknown[]>(
      'UPDATE cleanups SET attempts = attempts + 1, due_at = ?, last_error = ? WHERE id = ?',
    );
    this.#boundDue = db.prepare<unknown[]>('UPDATE cleanups SET due_at = ? WHERE due_at > ?');
    this.#count = db.prepare<unknown[], { n: number }>('SELECT count(*) AS n FROM cleanups');
  }

  due(destination: string, now: EpochMs, limit: number): StoredCleanup[] {
    return this.#due.all(destination, now, limit);
  }

  /** Per destination with cleanups: when the first is due. */
  nextDue(): { readonly destination: string; readonly at: EpochMs }[] {
    return this.#nextDue.all();
  }

  done(id: number): void {
    this.#remove.run(id);
  }

  postpone(id: number, dueAt: EpochMs, error: string): void {
    this.#postpone.run(dueAt, error, id);
  }

  /** None waits for later than `latest`: the clock may have been set back. Returns how many that concerned. */
  boundDue(latest: EpochMs): number {
    return this.#boundDue.run(latest, latest).changes;
  }

  count(): number {
    return this.#count.get()?.n ?? 0;
  }
}
