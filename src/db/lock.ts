import BetterSqlite, { type Database } from 'better-sqlite3';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * One engine per data directory. The lock is an open exclusive transaction on a small database of its own: the operating
 * system ends it with the process, however that ends, so a crash never leaves a lock behind.
 */
export interface EngineLock {
  release(): void;
}

function lockFile(dataDir: string): string {
  return join(dataDir, 'engine.lock');
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
}

function open(file: string): Database {
  const nativeBinding = process.env['LONGSHORE_SQLITE_BINDING'];
  const db = new BetterSqlite(file, nativeBinding === undefined ? { timeout: 0 } : { timeout: 0, nativeBinding });
  if (process.platform !== 'win32') chmodSync(file, 0o600);
  return db;
}

/** Takes the lock now, or returns null when another process holds it. */
export function tryLock(dataDir: string): EngineLock | null {
  const db = open(lockFile(dataDir));
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return {
    release: () => {
      if (db.open) db.close();
    },
  };
}

/** Whether some process holds the lock. Takes it for an instant where nobody does. */
export function probeLock(dataDir: string): 'free' | 'held' {
  if (!existsSync(lockFile(dataDir))) return 'free';
  const lock = tryLock(dataDir);
  lock?.release();
  return lock === null ? 'held' : 'free';
}
