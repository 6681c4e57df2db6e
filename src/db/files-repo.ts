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
  readonly base: BaseVersion | null;
  /** `ALGORITHM:base64` of the content that `base` holds. */
  readonly checksum: string | null;
  readonly operation: string | null;
}

/** The remote version that the local state was made from. */
export interface BaseVersion extends RemoteVersion {
  /** A delete of it has been sent, or is about to be: if nothing is at the key, that may be our own doing. */
  readonly leaving?: true;
}

interface FileRow extends Omit<StoredFile, 'base' | 'fingerprint'> {
  readonly fingerprint: string | null;
  readonly base: string | null;
}

function fromRow(row: FileRow): StoredFile {
  return { ...row, fingerprint: row.fingerprint as Fingerprint | null, base: parseColumn<BaseVersion>(row.base) };
}

const COLUMNS =
  'folder, dir, name, key, fingerprint, size_bytes AS sizeBytes, mtime_ms AS mtimeMs, base, checksum, operation';

/** As much of a file as tells whether it is as it was. */
export type KnownName = Pick<StoredFile, 'name' | 'fingerprint'>;

/** Texts from `from` (included) to `before` (not), in the database's order, which is that of UTF-8 bytes. */
interface Range {
  readonly from: string;
  readonly before: string | Buffer;
}

/** No path holds a NUL, so no directory comes between a text and itself with one. */
const after = (dir: string): string => `${dir}\0`;
/** What follows "/": `dir/` and everything below it lies before `dir0`. */
const AFTER_SLASH = '0';
/** SQLite puts every blob after every text. */
const END_OF_TEXT = Buffer.alloc(0);

export class FilesRepo {
  readonly #inDirectory;
  readonly #page;
  readonly #names;
  readonly #nextDirectory;
  readonly #get;
  readonly #byKey;
  readonly #knowsVersion;
  readonly #upsert;
  readonly #setBase;

  constructor(db: ReadableDb) {
    this.#inDirectory = db.prepare<unknown[], FileRow>(`SELECT ${COLUMNS} FROM files WHERE folder = ? AND dir = ?`);
    this.#page = db.prepare<unknown[], FileRow>(
      `SELECT ${COLUMNS} FROM files WHERE folder = (SELECT ?) AND dir = (SELECT ?) AND name > (SELECT ?)
       ORDER BY name LIMIT (SELECT ?)`,
    );
    this.#names = db.prepare<unknown[], KnownName>(
      `SELECT name, fingerprint FROM files WHERE folder = (SELECT ?) AND dir = (SELECT ?) AND name > (SELECT ?)
       ORDER BY name LIMIT (SELECT ?)`,
    );
    this.#nextDirectory = db
      .prepare<unknown[], string>(
        `SELECT dir FROM files WHERE folder = (SELECT ?) AND dir >= (SELECT ?) AND dir < (SELECT ?) AND fingerprint IS NOT NULL ORDER BY dir LIMIT 1`,
      )
      .pluck();
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
         mtime_ms = excluded.mtime_ms, base = excluded.base, checksum = excluded.checksum, operation = excluded.operation,
         gone_at = NULL, identity = NULL, delete_remote = 0`,
    );
    this.#setBase = db.prepare<unknown[]>(
      'UPDATE files SET base = ?, checksum = ? WHERE folder = ? AND dir = ? AND name = ?',
    );
  }

  inDirectory(folder: string, dir: string): StoredFile[] {
    return this.#inDirectory.all(folder, dir).map(fromRow);
  }

  /**
   * Directories at and below `dir` that hold a known file, one index step each, in order: a million files in few
   * directories cost little. The caller may change the inventory, and take its time, between two of them.
   */
  *directoriesUnder(folder: string, dir: string): Generator<string, void, void> {
    const ranges: readonly Range[] =
      dir === ''
        ? [{ from: '', before: END_OF_TEXT }]
        : [
            { from: dir, before: after(dir) },
            { from: `${dir}/`, before: `${dir}${AFTER_SLASH}` },
          ];
    for (const { from, before } of ranges) {
      let next = this.#nextDirectory.get(folder, from, before);
      while (next !== undefined) {
        yield next;
        next = this.#nextDirectory.get(folder, after(next), before);
      }
    }
  }

  get(folder: string, dir: string, name: string): StoredFile | null {
    const row = this.#get.get(folder, dir, name);
    return row === undefined ? null : fromRow(row);
  }

  /** Up to `limit` files of a directory whose names follow `name` in the database's order; null: from the first one. */
  page(folder: string, dir: string, name: string | null, limit: number): StoredFile[] {
    return this.#page.all(folder, dir, name ?? '', limit).map(fromRow);
  }

  /** The same files, but no more of each than tells whether it is as it was: most are, and their rows are dear. */
  names(folder: string, dir: string, name: string | null, limit: number): KnownName[] {
    return this.#names.all(folder, dir, name ?? '', limit);
  }

  /** Names of the directories right below `dir` with a known file at any depth, by index steps; some may come twice. */
  *childDirectories(folder: string, dir: string): Generator<string, void, void> {
    const prefix = dir === '' ? '' : `${dir}/`;
    const before = dir === '' ? END_OF_TEXT : `${dir}${AFTER_SLASH}`;
    // The root's own files stand before everything below it.
    let next = this.#nextDirectory.get(folder, dir === '' ? after('') : prefix, before);
    while (next !== undefined) {
      const [name = ''] = next.slice(prefix.length).split('/', 1);
      yield name;
      const child = prefix + name;
      // "a b" stands between "a" and "a/c": past the directory itself first, past all below it when that turns up.
      next = this.#nextDirectory.get(folder, next === child ? after(child) : `${child}${AFTER_SLASH}`, before);
    }
  }

  /** Present local files with this object key: more than one is a collision of names. */
  byKey(folder: string, key: string): StoredFile[] {
    return this.#byKey.all(folder, key).map(fromRow);
  }

  /** Whether this is the version that the inventory last knew of a key, for whichever file had it. */
  knowsVersion(folder: string, key: string, etag: string): boolean {
    return this.#knowsVersion.get(folder, key, etag) !== undefined;
  }

  /** Writes the row; whatever it says, the file is no tombstone any more. */
  put(file: StoredFile): void {
    this.#upsert.run({ ...file, base: jsonColumn(file.base) });
  }

  setBase(folder: string, dir: string, name: string, base: BaseVersion | null, checksum: string | null): void {
    this.#setBase.run(jsonColumn(base), checksum, folder, dir, name);
  }
}
