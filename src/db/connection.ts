import BetterSqlite, { type Database } from 'better-sqlite3';
import { chmodSync, existsSync, statSync } from 'node:fs';
import { DatabaseError, asDatabaseError } from './database-error.ts';
import { MIGRATIONS, SCHEMA_VERSION, migrate, schemaVersion } from './migrate.ts';
import type { Migration } from './migration.ts';

declare const writable: unique symbol;
/** A connection that may read. */
export type ReadableDb = Database;
/** The one connection that may write; only the holder of the engine's lock opens it. */
export type WritableDb = Database & { readonly [writable]: true };

function connect(file: string, options: BetterSqlite.Options): Database {
  // A runtime whose Node-API is older than the shipped addon (a test runtime, say) names a build of its own.
  const nativeBinding = process.env['LONGSHORE_SQLITE_BINDING'];
  return new BetterSqlite(file, nativeBinding === undefined ? options : { ...options, nativeBinding });
}

function refuseNewer(db: Database, file: string, known: number = SCHEMA_VERSION): void {
  const version = schemaVersion(db);
  if (version > known) {
    throw new DatabaseError(
      'newer',
      `The database ${file} was written by a newer Longshore (schema ${version}; this one knows ${known}).`,
      'Start the newer version. Nothing was changed.',
    );
  }
}

/** Durable before acknowledged (P1): WAL with a full sync at every commit. */
function setPragmas(db: Database): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('fullfsync = ON');
  db.pragma('foreign_keys = ON');
  db.pragma('busy_timeout = 5000');
  // What a statement that fails half-way would undo is kept in memory, not in a file of its own: a batch touches a few hundred KiB.
  db.pragma('temp_store = MEMORY');
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
}

/** Pages that the WAL holds before a checkpoint: 16 MiB keep bursts of small commits cheap and the file bounded. */
export const CHECKPOINT_PAGES = 4096;

/** NOOP only tells, PASSIVE waits for nobody, RESTART waits for readers and holds up writers; see SQLite's `wal_checkpoint`. */
export type CheckpointMode = 'NOOP' | 'PASSIVE' | 'RESTART';

/** How many pages the log holds, and how many of them are not in the database after this. */
export function checkpoint(db: ReadableDb, mode: CheckpointMode): { readonly pages: number; readonly left: number } {
  const [result] = db.pragma(`wal_checkpoint(${mode})`) as { log: number; checkpointed: number }[];
  const pages = Math.max(0, result?.log ?? 0);
  return { pages, left: pages - Math.max(0, result?.checkpointed ?? 0) };
}

/** A second connection to the database that the caller's process has open, with which nothing but the log is touched. */
export function openForCheckpoints(file: string): Database {
  const db = connect(file, { fileMustExist: true });
  db.pragma('synchronous = FULL');
  db.pragma('fullfsync = ON');
  db.pragma('checkpoint_fullfsync = ON');
  db.pragma('busy_timeout = 1000');
  return db;
}

/**
 * Opens the database for writing, checks its integrity (unless it is large and was closed well), and makes or migrates it (after a backup
 * beside it). Throws DatabaseError; then the file is as it was. `migrations` and the limit differ from the product's only in tests.
 */
export function openWritable(
  file: string,
  migrations: readonly Migration[] = MIGRATIONS,
  quicklyCheckedBytes = QUICKLY_CHECKED_BYTES,
): WritableDb {
  const isNew = !existsSync(file);
  let db: Database | null = null;
  try {
    db = connect(file, {});
    refuseNewer(db, file, migrations.length);
    // Before the first page is written; then what old rows leave free can be given back in small steps.
    if (isNew) db.pragma('auto_vacuum = INCREMENTAL');
    setPragmas(db);
    if (isNew) chmodSync(file, 0o600);
    const version = schemaVersion(db);
    // Before the first change: a step over damaged pages would make the damage worse.
    if (version < migrations.length || statSync(file).size <= quicklyCheckedBytes || !endedWell(db)) checkPages(db);
    if (!isNew && version > 0 && version < migrations.length) backup(db, `${file}.v${version}.backup`);
    migrate(db, migrations);
    return db as WritableDb;
  } catch (error) {
    db?.close();
    throw asDatabaseError(error, file) ?? error;
  }
}

/** Up to this size the check costs a start less than a tenth of a second; a larger one is checked after a death only. */
const QUICKLY_CHECKED_BYTES = 64 * 2 ** 20;

/** Reads every page: seconds for a gigabyte. Throws SQLITE_CORRUPT. */
function checkPages(db: Database): void {
  const check = db.pragma('quick_check(1)', { simple: true }) as string;
  if (check !== 'ok') throw Object.assign(new Error(check), { code: 'SQLITE_CORRUPT' });
}

/** The last engine closed the database itself; then a start need not read all of it. */
function endedWell(db: Database): boolean {
  const last = db.prepare('SELECT ended_at FROM engine_runs ORDER BY epoch DESC LIMIT 1').pluck().get();
  return typeof last === 'number';
}

/** A complete copy that SQLite itself makes; an older backup of the same version is kept as it is. */
function backup(db: Database, to: string): void {
  if (existsSync(to)) return;
  db.prepare('VACUUM INTO ?').run(to);
  chmodSync(to, 0o600);
}

/** Opens an existing database for reading only, without an engine's lock; never migrates. */
export function openReadable(file: string): ReadableDb {
  let db: Database | null = null;
  try {
    db = connect(file, { readonly: true, fileMustExist: true });
    refuseNewer(db, file);
    db.pragma('busy_timeout = 5000');
    if (schemaVersion(db) < SCHEMA_VERSION) {
      throw new DatabaseError(
        'unreadable',
        `The database ${file} is of an older version.`,
        'Start the engine once: it brings the database up to date.',
      );
    }
    return db;
  } catch (error) {
    db?.close();
    throw asDatabaseError(error, file) ?? error;
  }
}

/** A database of the present schema in memory: for tests and the simulator. */
export function openInMemory(): WritableDb {
  const db = connect(':memory:', {});
  db.pragma('foreign_keys = ON');
  migrate(db);
  return db as WritableDb;
}
