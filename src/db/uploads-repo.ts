import type { Fingerprint } from '../core/fingerprint.ts';
import type { OperationId } from '../core/ids.ts';
import type { ChecksumAlgorithm, EpochMs } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';

/** A multipart upload that belongs to an operation; `uploadId` is null between the intent and the service's reply. */
export interface StoredUpload {
  readonly operation: OperationId;
  readonly destination: string;
  /** Where the destination's name led when it was begun; null: from before that was stored. */
  readonly place: string | null;
  readonly key: string;
  readonly uploadId: string | null;
  readonly intentAt: EpochMs;
  readonly sizeBytes: number;
  readonly partSizeBytes: number;
  readonly algorithm: ChecksumAlgorithm;
  readonly fingerprint: Fingerprint;
}

/** A finished part: the service has it, and what it said is stored. */
export interface StoredPart {
  readonly number: number;
  readonly sizeBytes: number;
  /** Base64 of the part's own checksum, in the upload's algorithm. */
  readonly checksum: string;
  readonly etag: string;
  readonly doneAt: EpochMs;
}

const COLUMNS = `operation, destination, place, key, upload_id AS uploadId, intent_at AS intentAt, size_bytes AS sizeBytes,
  part_size_bytes AS partSizeBytes, algorithm, fingerprint`;

/** Checkpoints of multipart uploads (P6) and what is needed to find them again (P7). */
export class UploadsRepo {
  readonly #insert;
  readonly #setId;
  readonly #remove;
  readonly #get;
  readonly #onKey;
  readonly #addPart;
  readonly #removePart;
  readonly #parts;
  readonly #abandon;

  constructor(db: ReadableDb) {
    this.#insert = db.prepare<unknown[]>(
      `INSERT INTO uploads (operation, destination, place, key, upload_id, intent_at, size_bytes, part_size_bytes, algorithm, fingerprint)
       VALUES (:operation, :destination, :place, :key, :uploadId, :intentAt, :sizeBytes, :partSizeBytes, :algorithm, :fingerprint)`,
    );
    this.#setId = db.prepare<unknown[]>('UPDATE uploads SET upload_id = ? WHERE operation = ? AND upload_id IS NULL');
    this.#remove = db.prepare<unknown[]>('DELETE FROM uploads WHERE operation = ?');
    this.#get = db.prepare<unknown[], StoredUpload>(`SELECT ${COLUMNS} FROM uploads WHERE operation = ?`);
    this.#onKey = db.prepare<unknown[], StoredUpload>(
      `SELECT ${COLUMNS} FROM uploads WHERE destination = ? AND key = ?`,
    );
    this.#addPart = db.prepare<unknown[]>(
      `INSERT INTO parts (operation, number, size_bytes, checksum, etag, done_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET size_bytes = excluded.size_bytes, checksum = excluded.checksum, etag = excluded.etag, done_at = excluded.done_at`,
    );
    this.#removePart = db.prepare<unknown[]>('DELETE FROM parts WHERE operation = ? AND number = ?');
    this.#parts = db.prepare<unknown[], StoredPart>(
      'SELECT number, size_bytes AS sizeBytes, checksum, etag, done_at AS doneAt FROM parts WHERE operation = ? ORDER BY number',
    );
    this.#abandon = db.prepare<unknown[]>(
      `INSERT INTO cleanups (kind, destination, place, key, upload_id, intent_at, ended_at, due_at)
       SELECT 'abort-upload', destination, place, key, upload_id, intent_at, :now, :now FROM uploads WHERE operation = :operation`,
    );
  }

  /** The intent, before Create is sent. */
  insert(upload: StoredUpload): void {
    this.#insert.run(upload);
  }

  setUploadId(operation: OperationId, uploadId: string): void {
    this.#setId.run(uploadId, operation);
  }

  get(operation: string): StoredUpload | null {
    return this.#get.get(operation) ?? null;
  }

  /** Uploads that we own on a key: a cleanup must leave these alone. */
  onKey(destination: string, key: string): StoredUpload[] {
    return this.#onKey.all(destination, key);
  }

  /** The upload was completed or never came to be; its parts go with it. */
  remove(operation: OperationId): void {
    this.#remove.run(operation);
  }

  /** Gives the upload up and has it aborted: removes the row and writes the cleanup row. Call inside a transaction. */
  abandon(operation: OperationId, now: EpochMs): void {
    this.#abandon.run({ operation, now });
    this.#remove.run(operation);
  }

  addPart(operation: OperationId, part: StoredPart): void {
    this.#addPart.run(operation, part.number, part.sizeBytes, part.checksum, part.etag, part.doneAt);
  }

  removePart(operation: OperationId, number: number): void {
    this.#removePart.run(operation, number);
  }

  parts(operation: string): StoredPart[] {
    return this.#parts.all(operation);
  }
}
