import type { EpochMs } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';

/**
 * A multipart upload to abort; without an id it is found by its key and by the time of the intent. Or an object to delete,
 * as long as it still is the version of `etag`.
 */
export interface StoredCleanup {
  readonly id: number;
  readonly kind: 'abort-upload' | 'delete-object';
  readonly destination: string;
  /** The only place where it can be done; null: from before that was stored. */
  readonly place: string | null;
  readonly key: string;
  readonly uploadId: string | null;
  /** Null for an upload. */
  readonly etag: string | null;
  readonly intentAt: EpochMs;
  readonly endedAt: EpochMs;
  readonly attempts: number;
  readonly dueAt: EpochMs;
}

const COLUMNS = `id, kind, destination, place, key, upload_id AS uploadId, etag, intent_at AS intentAt, ended_at AS endedAt, attempts, due_at AS dueAt`;

interface Place {
  readonly destination: string;
  readonly place: string | null;
  readonly key: string;
}

/** What must still be undone at services (P7). Rows stay until it has succeeded. */
export class CleanupsRepo {
  readonly #due;
  readonly #nextDue;
  readonly #remove;
  readonly #postpone;
  readonly #count;
  readonly #boundDue;
  readonly #dueAgain;
  readonly #addAbort;
  readonly #addDelete;
  readonly #addOrphans;
  readonly #concerns;

  constructor(db: ReadableDb) {
    this.#due = db.prepare<unknown[], StoredCleanup>(
      `SELECT ${COLUMNS} FROM cleanups WHERE destination = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?`,
    );
    this.#nextDue = db.prepare<unknown[], { destination: string; at: number }>(
      'SELECT destination, min(due_at) AS at FROM cleanups GROUP BY destination',
    );
    this.#remove = db.prepare<unknown[]>('DELETE FROM cleanups WHERE id = ?');
    this.#postpone = db.prepare<unknown[]>(
      'UPDATE cleanups SET attempts = attempts + ?, due_at = ?, last_error = ? WHERE id = ?',
    );
    this.#boundDue = db.prepare<unknown[]>('UPDATE cleanups SET due_at = ? WHERE due_at > ?');
    this.#dueAgain = db.prepare<unknown[]>(
      'UPDATE cleanups SET due_at = ? WHERE destination = ? AND place = ? AND last_error = ? AND due_at > ?',
    );
    this.#addAbort = db.prepare<unknown[]>(
      `INSERT INTO cleanups (kind, destination, place, key, upload_id, intent_at, ended_at, due_at)
       VALUES ('abort-upload', :destination, :place, :key, :uploadId, :now, :now, :now)`,
    );
    this.#addOrphans = db.prepare<unknown[]>(
      `INSERT INTO cleanups (kind, destination, place, key, intent_at, ended_at, due_at)
       VALUES ('abort-upload', :destination, :place, :key, 0, :endedAt, :now)`,
    );
    this.#addDelete = db.prepare<unknown[]>(
      `INSERT INTO cleanups (kind, destination, place, key, etag, intent_at, ended_at, due_at)
       VALUES ('delete-object', :destination, :place, :key, :etag, :now, :now, :now)`,
    );
    this.#concerns = db.prepare<unknown[], { yes: number }>(
      `SELECT 1 AS yes FROM cleanups WHERE kind = 'abort-upload' AND destination = :destination AND key = :key
       AND (place IS NULL OR place = :place) AND (upload_id IS NULL OR upload_id = :uploadId) LIMIT 1`,
    );
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

  /** `counts`: false where it was no attempt, so that it does not use one up. */
  postpone(id: number, dueAt: EpochMs, error: string, counts = true): void {
    this.#postpone.run(Number(counts), dueAt, error, id);
  }

  /** None waits for later than `latest`: the clock may have been set back. Returns how many that concerned. */
  boundDue(latest: EpochMs): number {
    return this.#boundDue.run(latest, latest).changes;
  }

  /** What was put off for this reason in this place can be done now. */
  dueAgain(destination: string, place: string, reason: string, now: EpochMs): void {
    this.#dueAgain.run(now, destination, place, reason, now);
  }

  /** An upload that a person wants aborted. */
  addAbort(upload: Place & { readonly uploadId: string }, now: EpochMs): void {
    this.#addAbort.run({ ...upload, now });
  }

  /** Uploads of a key that is ours alone, whose ids nobody knows: whatever is open there goes, whenever it was begun. */
  addOrphans(place: Place, now: EpochMs): void {
    this.#addOrphans.run({ ...place, now, endedAt: Number.MAX_SAFE_INTEGER });
  }

  /** An object that must not stay; another version at its key is left alone. */
  addDelete(object: Place & { readonly etag: string }, now: EpochMs): void {
    this.#addDelete.run({ ...object, now });
  }

  /** Whether this upload is, or may be, one that is about to be aborted. */
  concerns(upload: Place & { readonly uploadId: string }): boolean {
    return this.#concerns.get(upload) !== undefined;
  }

  count(): number {
    return this.#count.get()?.n ?? 0;
  }
}
