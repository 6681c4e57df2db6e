import type { EpochMs, RemoteVersion } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';
import { parseColumn } from './stored-operation.ts';

/** A file that the scan of a healthy root found gone, and the remote version that it left. */
export interface Tombstone {
  readonly dir: string;
  readonly name: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly base: RemoteVersion | null;
  /** `ALGORITHM:base64` of the content that `base` holds. */
  readonly checksum: string | null;
  /** The operation that last concerned the file. */
  readonly operation: string | null;
  readonly goneAt: EpochMs;
  /** What a new name of the same file has in common with it; null where it can't become a move. */
  readonly identity: string | null;
  /** Mirror mode: the object is to follow once the grace is over. */
  readonly deleteRemote: boolean;
}

interface TombstoneRow extends Omit<Tombstone, 'base' | 'deleteRemote'> {
  readonly base: string | null;
  readonly deleteRemote: 0 | 1;
}

/** More files than these with one identity are hard links of one another: any of them will do. */
const SAME_IDENTITY_LIMIT = 20;

const COLUMNS =
  'dir, name, key, size_bytes AS sizeBytes, base, checksum, operation, gone_at AS goneAt, identity, delete_remote AS deleteRemote';

function fromRow(row: TombstoneRow): Tombstone {
  return { ...row, base: parseColumn<RemoteVersion>(row.base), deleteRemote: row.deleteRemote === 1 };
}

/**
 * The part of the inventory that is gone from the disk. `FilesRepo.put` ends a tombstone: the file is there again.
 *
 * What every scan asks has its values as `(SELECT ?)`: SQLite plans a query with a bare parameter in its LIMIT, or beside the
 * expression of an index, anew at every run, and that takes 50 to 100 µs where the query itself takes two.
 */
export class TombstonesRepo {
  readonly #bury;
  readonly #get;
  readonly #byIdentity;
  readonly #goneByKey;
  readonly #claim;
  readonly #queued;
  readonly #remove;
  readonly #objectGone;
  readonly #removeGoneByKey;
  readonly #firstGoneAt;
  readonly #due;
  readonly #dueDirectories;
  readonly #count;
  readonly #sample;
  readonly #keep;
  readonly #expire;
  readonly #wipe;
  readonly #bound;
  readonly #mayHaveLeft;
  readonly #written = new Map<string, number>();

  constructor(db: ReadableDb) {
    const at = 'folder = ? AND dir = ? AND name = ?';
    this.#bury = db.prepare<unknown[]>(
      `UPDATE files SET fingerprint = NULL, gone_at = ?, identity = ?, delete_remote = ? WHERE ${at}`,
    );
    this.#get = db.prepare<unknown[], TombstoneRow>(`SELECT ${COLUMNS} FROM files WHERE ${at} AND gone_at IS NOT NULL`);
    this.#byIdentity = db.prepare<unknown[], TombstoneRow>(
      `SELECT ${COLUMNS} FROM files INDEXED BY files_tombstones WHERE folder = ? AND identity = ? LIMIT ${SAME_IDENTITY_LIMIT}`,
    );
    this.#goneByKey = db.prepare<unknown[], TombstoneRow>(
      `SELECT ${COLUMNS} FROM files INDEXED BY files_by_key WHERE folder = ? AND key = ? AND gone_at IS NOT NULL`,
    );
    this.#claim = db.prepare<unknown[]>(`UPDATE files SET identity = NULL, delete_remote = 0 WHERE ${at}`);
    this.#queued = db.prepare<unknown[]>(`UPDATE files SET operation = ?, delete_remote = 0 WHERE ${at}`);
    this.#remove = db.prepare<unknown[]>(`DELETE FROM files WHERE ${at} AND fingerprint IS NULL`);
    this.#removeGoneByKey = db.prepare<unknown[]>(
      'DELETE FROM files WHERE folder = ? AND key = ? AND gone_at IS NOT NULL',
    );
    this.#objectGone = db.prepare<unknown[]>(
      'UPDATE files SET base = NULL, checksum = NULL WHERE folder = ? AND key = ?',
    );
    this.#firstGoneAt = db
      .prepare<unknown[], number | null>(
        `SELECT min(at) FROM (
           SELECT (SELECT min(gone_at) FROM files INDEXED BY files_to_delete
             WHERE folder = (SELECT :folder) AND (base IS NOT NULL) = 1 AND delete_remote = 1
               AND gone_at > (SELECT :after)) AS at
           UNION ALL SELECT (SELECT min(gone_at) FROM files INDEXED BY files_to_delete
             WHERE folder = (SELECT :folder) AND (base IS NOT NULL) = 0 AND delete_remote = 1
               AND gone_at > (SELECT :after)))`,
      )
      .pluck();
    this.#due = db.prepare<unknown[], TombstoneRow>(
      `SELECT ${COLUMNS} FROM files INDEXED BY files_to_delete
       WHERE folder = (SELECT :folder) AND (base IS NOT NULL) = (SELECT :stored) AND delete_remote = 1 AND gone_at <= (SELECT :until)
         AND (gone_at, dir, name) > (:goneAt, :dir, :name) ORDER BY gone_at, dir, name LIMIT (SELECT :limit)`,
    );
    this.#dueDirectories = db
      .prepare<unknown[], string>(
        `SELECT DISTINCT dir FROM (SELECT dir FROM files INDEXED BY files_to_delete
         WHERE folder = ? AND (base IS NOT NULL) IN (0, 1) AND delete_remote = 1 AND gone_at <= ? LIMIT ?)`,
      )
      .pluck();
    this.#count = db
      .prepare<unknown[], number>(
        `SELECT count(*) FROM files INDEXED BY files_to_delete
         WHERE folder = (SELECT ?) AND (base IS NOT NULL) = 1 AND delete_remote = 1 AND gone_at > (SELECT ?)`,
      )
      .pluck();
    this.#sample = db.prepare<unknown[], { dir: string; name: string }>(
      `SELECT dir, name FROM files INDEXED BY files_to_delete
       WHERE folder = ? AND (base IS NOT NULL) = 1 AND delete_remote = 1 ORDER BY gone_at LIMIT ?`,
    );
    this.#keep = db.prepare<unknown[]>(
      `UPDATE files SET delete_remote = 0, identity = NULL WHERE (folder, dir, name) IN (
         SELECT folder, dir, name FROM files INDEXED BY files_to_delete
         WHERE folder = ? AND (base IS NOT NULL) IN (0, 1) AND delete_remote = 1 LIMIT ?)`,
    );
    this.#expire = db.prepare<unknown[]>(
      `DELETE FROM files WHERE (folder, dir, name) IN (
         SELECT f.folder, f.dir, f.name FROM files f INDEXED BY files_gone
         WHERE f.folder = (SELECT ?) AND f.gone_at < (SELECT ?) AND f.delete_remote = 0 AND NOT EXISTS (
           SELECT 1 FROM operations o WHERE o.id = f.operation AND o.completed_at IS NULL) LIMIT (SELECT ?))`,
    );
    this.#bound = db.prepare<unknown[]>(
      `UPDATE files INDEXED BY files_to_delete SET gone_at = :now
       WHERE folder = :folder AND (base IS NOT NULL) IN (0, 1) AND delete_remote = 1 AND gone_at > :now`,
    );
    this.#mayHaveLeft = db.prepare<unknown[], { yes: number }>(
      `SELECT 1 AS yes FROM operation_keys k JOIN operations o ON o.seq = k.operation_seq
       WHERE k.resource_key = ? AND o.started_at IS NOT NULL AND o.state <> 'succeeded'
         AND o.kind IN ('file.upload', 'file.move') LIMIT 1`,
    );
    this.#wipe = db.prepare<unknown[]>(
      'DELETE FROM files WHERE (folder, dir, name) IN (SELECT folder, dir, name FROM files WHERE folder = ? LIMIT ?)',
    );
  }

  /** How many of the folder were written by this process: when it grows, something may be due sooner than was known. */
  written(folder: string): number {
    return this.#written.get(folder) ?? 0;
  }

  /** The file is gone: its row becomes a tombstone, or gets a new time of death. */
  bury(
    folder: string,
    dir: string,
    name: string,
    facts: { readonly goneAt: EpochMs; readonly identity: string | null; readonly deleteRemote: boolean },
  ): void {
    this.#written.set(folder, this.written(folder) + 1);
    this.#bury.run(facts.goneAt, facts.identity, Number(facts.deleteRemote), folder, dir, name);
  }

  get(folder: string, dir: string, name: string): Tombstone | null {
    const row = this.#get.get(folder, dir, name);
    return row === undefined ? null : fromRow(row);
  }

  byIdentity(folder: string, identity: string): Tombstone[] {
    return this.#byIdentity.all(folder, identity).map(fromRow);
  }

  /** Gone files whose object has this key. */
  byKey(folder: string, key: string): Tombstone[] {
    return this.#goneByKey.all(folder, key).map(fromRow);
  }

  /** A move takes the tombstone up: it neither follows as a delete nor becomes another move. */
  claim(folder: string, dir: string, name: string): void {
    this.#claim.run(folder, dir, name);
  }

  /** The delete stands in the outbox. The identity stays: until it has run, the file may turn up under another name. */
  deleteQueued(folder: string, dir: string, name: string, operation: string): void {
    this.#queued.run(operation, folder, dir, name);
  }

  /** Forgets a row of a gone file altogether. */
  remove(folder: string, dir: string, name: string): void {
    this.#remove.run(folder, dir, name);
  }

  /** Our object under this key is no more: no row has it as its base, and what is gone is forgotten. */
  objectGone(folder: string, key: string): void {
    this.#removeGoneByKey.run(folder, key);
    this.#objectGone.run(folder, key);
  }

  /** When the oldest of those whose object is to follow was found gone, of those found gone after `after`. */
  firstGoneAt(folder: string, after: EpochMs = Number.MIN_SAFE_INTEGER): EpochMs | null {
    return this.#firstGoneAt.get({ folder, after }) ?? null;
  }

  /** Those to follow that were found gone by `until`, with a base (`stored`) or without one, oldest first, after another. */
  due(folder: string, stored: boolean, until: EpochMs, after: Tombstone | null, limit: number): Tombstone[] {
    const { goneAt, dir, name } = after ?? { goneAt: Number.MIN_SAFE_INTEGER, dir: '', name: '' };
    return this.#due.all({ folder, stored: Number(stored), until, goneAt, dir, name, limit }).map(fromRow);
  }

  /** Something was begun to be written there and never said that it succeeded: an object may be there all the same. */
  mayHaveLeft(resourceKey: string): boolean {
    return this.#mayHaveLeft.get(resourceKey) !== undefined;
  }

  /** Where the clock was set back since they were found gone, their grace begins anew, now. Returns how many that were. */
  boundGoneAt(folder: string, now: EpochMs): number {
    return this.#bound.run({ folder, now }).changes;
  }

  /** The directories of up to `limit` of those. */
  dueDirectories(folder: string, until: EpochMs, limit: number): string[] {
    return this.#dueDirectories.all(folder, until, limit);
  }

  /** Objects that are to follow, of files found gone after `since`. */
  count(folder: string, since: EpochMs = Number.MIN_SAFE_INTEGER): number {
    return this.#count.get(folder, since) ?? 0;
  }

  /** Paths of some of them, oldest first. */
  sample(folder: string, limit: number): string[] {
    return this.#sample.all(folder, limit).map(({ dir, name }) => (dir === '' ? name : `${dir}/${name}`));
  }

  /** Up to `limit` objects stay where they are. Returns how many; their base stays known. */
  keep(folder: string, limit: number): number {
    return this.#keep.run(folder, limit).changes;
  }

  /** Forgets up to `limit` of those that were found gone before `before` and that nothing is to be done about. */
  expire(folder: string, before: EpochMs, limit: number): number {
    return this.#expire.run(folder, before, limit).changes;
  }

  /** Forgets up to `limit` files of the folder, present or gone. Returns how many. */
  wipe(folder: string, limit: number): number {
    return this.#wipe.run(folder, limit).changes;
  }
}
