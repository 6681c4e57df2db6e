import type { Fingerprint } from '../core/fingerprint.ts';
import type { RemoteVersion } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';
import { jsonColumn, parseColumn } from './stored-operation.ts';

/** A file of the inventory: what was last queued or settled locally, and the remote version that this came from. */
export interface StoredFile {
  readonly folder: string;
  /** Relative directory, "/"-separated, "" for the root. */
  readonly dir: string;
  readonly name: string;
  readonly key: string;
  /** Null once the file is gone; the base stays, so that a file that comes back replaces its own version. */
  readonly fingerprint: Fingerprint | null;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly base: RemoteVersion | null;
  /** `ALGORITHM:base64` of the content that `base` holds. */
  readonly checksum: string | null;
  readonly operation: string | null;
}

interface FileRow extends Omit<StoredFile, 'base' | 'fingerprint'> {
  readonly fingerprint: string | null;
  readonly base: string | null;
}

function fromRow(row: FileRow): StoredFile {
  return { ...row, fingerprint: row.fingerprint as Fingerprint | null, base: parseColumn<RemoteVersion>(row.base) };
}

const COLUMNS =
  'folder, dir, name, key, fingerprint, size_bytes AS sizeBytes, mtime_ms AS mtimeMs, base, checksum, operation';

export class FilesRepo {
  readonly #inDirectory;
  readonly #subdirectories;
  readonly #get;
  readonly #byKey;
  readonly #knowsVersion;
  readonly #upsert;
  readonly #setBase;

  constructor(db: ReadableDb) {
    this.#inDirectory = db.prepare<unknown[], FileRow>(`SELECT ${COLUMNS} FROM files WHERE folder = ? AND dir = ?`);
    this.#subdirectories = db.prepare<unknown[], { dir: string }>(
      `SELECT DISTINCT dir FROM files WHERE folder = :folder AND fingerprint IS NOT NULL
       AND (:dir = '' OR dir = :dir OR (dir > :dir || '/' AND dir < :dir || '0'))`,
    );
    this.#get = db.prepare<unknown[], FileRow>(
      `SELECT ${COLUMNS} FROM files WHERE folder = ? AND dir = ? AND name = ?`,
    );
    this.#byKey = db.prepare<unknown[], FileRow>(
      `SELECT ${COLUMNS} FROM files INDEXED BY files_by_key WHERE folder = ? AND key = ? AND fingerprint IS NOT NULL`,
    );
    this.#knowsVersion = db.prepare<unknown[], { yes: number }>(
      "SELECT 1 AS yes FROM files WHERE folder = ? AND key = ? AND json_extract(base, '$.etag') = ? LIMIT 1",
    );
    this.#upsert = db.prepare<unknown[]>(
      `INSERT INTO files (folder, dir, name, key, fingerprint, size_bytes, mtime_ms, base, checksum, operation)
       VALUES (:folder, :dir, :name, :key, :fingerprint, :sizeBytes, :mtimeMs, :base, :checksum, :operation)
       ON CONFLICT DO UPDATE SET key = excluded.key, fingerprint = excluded.fingerprint, size_bytes = excluded.size_bytes,
         mtime_ms = excluded.mtime_ms, base = excluded.base, checksum = excluded.checksum, operation = excluded.operation`,
    );
    this.#setBase = db.prepare<unknown[]>(
      'UPDATE files SET base = ?, checksum = ? WHERE folder = ? AND dir = ? AND name = ?',
    );
  }

  inDirectory(folder: string, dir: string): StoredFile[] {
    return this.#inDirectory.all(folder, dir).map(fromRow);
  }

  /** Directories at and below `dir` that hold a known file. */
  directoriesUnder(folder: string, dir: string): string[] {
    return this.#subdirectories.all({ folder, dir }).map((row) => row.dir);
  }

  get(folder: string, dir: string, name: string): StoredFile | null {
    const row = this.#get.get(folder, dir, name);
    return row === undefined ? null : fromRow(row);
  }

  /** Present local files with this object key: more than one is a collision of names. */
  byKey(folder: string, key: string): StoredFile[] {
    return this.#byKey.all(folder, key).map(fromRow);
  }

  /** Whether this is the version that the inventory last knew of a key, for whichever file had it. */
  knowsVersion(folder: string, key: string, etag: string): boolean {
    return this.#knowsVersion.get(folder, key, etag) !== undefined;
  }

  put(file: StoredFile): void {
    this.#upsert.run({ ...file, base: jsonColumn(file.base) });
  }

  setBase(folder: string, dir: string, name: string, base: RemoteVersion | null, checksum: string | null): void {
    this.#setBase.run(jsonColumn(base), checksum, folder, dir, name);
  }
}
