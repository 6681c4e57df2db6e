import type { Fingerprint } from '../core/fingerprint.ts';
import type { OperationId } from '../core/ids.ts';
import type { EpochMs } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';

/** What is still to be done with a file whose upload has succeeded. */
export interface StoredAfterUpload {
  readonly operation: OperationId;
  readonly action: 'trash' | 'archive';
  /** Absolute; for `archive` alone. */
  readonly archivePath: string | null;
  readonly folder: string;
  readonly path: string;
  /** The state that was uploaded: another one stays where it is. */
  readonly fingerprint: Fingerprint;
  readonly attempts: number;
  readonly dueAt: EpochMs;
  /** Why it is not to be done any more, in words; null: it is. */
  readonly moot: string | null;
}

/** The latest attempt failed; it is tried again. */
export interface FailedAfterUpload extends Pick<StoredAfterUpload, 'action' | 'dueAt'> {
  /** Its code, and behind ": " what was said. */
  readonly error: string;
}

const COLUMNS =
  'operation, action, archive_path AS archivePath, folder, path, fingerprint, attempts, due_at AS dueAt, moot';

/** Intents of after-upload actions (P13); a row stays until its action has been done or has become moot. */
export class AfterUploadsRepo {
  readonly #failed;
  readonly #insert;
  readonly #due;
  readonly #nextDue;
  readonly #postpone;
  readonly #boundDue;
  readonly #remove;
  readonly #annul;
  readonly #concerns;

  constructor(db: ReadableDb) {
    this.#insert = db.prepare<unknown[]>(
      `INSERT INTO after_uploads (operation, action, archive_path, folder, path, fingerprint, due_at)
       VALUES (:operation, :action, :archivePath, :folder, :path, :fingerprint, :dueAt) ON CONFLICT DO NOTHING`,
    );
    this.#failed = db.prepare<unknown[], FailedAfterUpload>(
      `SELECT action, due_at AS dueAt, last_error AS error FROM after_uploads
       WHERE operation = ? AND last_error IS NOT NULL`,
    );
    this.#due = db.prepare<unknown[], StoredAfterUpload>(
      `SELECT ${COLUMNS} FROM after_uploads WHERE folder = ? AND due_at <= ? ORDER BY due_at LIMIT ?`,
    );
    this.#nextDue = db.prepare<unknown[], { folder: string; at: number }>(
      'SELECT folder, min(due_at) AS at FROM after_uploads GROUP BY folder',
    );
    this.#postpone = db.prepare<unknown[]>(
      'UPDATE after_uploads SET attempts = attempts + 1, due_at = ?, last_error = ? WHERE operation = ?',
    );
    this.#boundDue = db.prepare<unknown[]>('UPDATE after_uploads SET due_at = ? WHERE due_at > ?');
    this.#remove = db.prepare<unknown[]>('DELETE FROM after_uploads WHERE operation = ?');
    this.#annul = db.prepare<unknown[]>(
      'UPDATE after_uploads SET moot = :reason, due_at = min(due_at, :now) WHERE folder = :folder AND moot IS NULL',
    );
    this.#concerns = db.prepare<unknown[], { yes: number }>(
      'SELECT 1 AS yes FROM after_uploads WHERE folder = ? AND path = ? LIMIT 1',
    );
  }

  /** What could not be done after the upload of this operation; null: nothing, or it is done by now. */
  failed(operation: OperationId): FailedAfterUpload | null {
    return this.#failed.get(operation) ?? null;
  }

  insert(intent: Omit<StoredAfterUpload, 'attempts' | 'moot'>): void {
    this.#insert.run(intent);
  }

  due(folder: string, now: EpochMs, limit: number): StoredAfterUpload[] {
    return this.#due.all(folder, now, limit);
  }

  /** Per folder with intents: when the first is due. */
  nextDue(): { readonly folder: string; readonly at: EpochMs }[] {
    return this.#nextDue.all();
  }

  postpone(operation: OperationId, dueAt: EpochMs, error: string): void {
    this.#postpone.run(dueAt, error, operation);
  }

  /** None waits for later than `latest`: the clock may have been set back. */
  boundDue(latest: EpochMs): number {
    return this.#boundDue.run(latest, latest).changes;
  }

  remove(operation: OperationId): void {
    this.#remove.run(operation);
  }

  /** All of a folder's files stay where they are; each wish is ended soon. */
  annul(folder: string, reason: string, now: EpochMs): void {
    this.#annul.run({ folder, reason, now });
  }

  /** Whether something is still to be done with this file, or is being done. Looks at each wish of the folder. */
  concerns(folder: string, path: string): boolean {
    return this.#concerns.get(folder, path) !== undefined;
  }
}
