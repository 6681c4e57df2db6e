import type { Database } from 'better-sqlite3';
import type { Migration } from './migration.ts';
import { outbox } from './migrations/0001-outbox.ts';
import { wholeEngine } from './migrations/0002-whole-engine.ts';

export const MIGRATIONS: readonly Migration[] = [outbox, wholeEngine];
export const SCHEMA_VERSION = MIGRATIONS.length;

export function schemaVersion(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

/** Brings the schema to the present version, each step with its version bump in one transaction. */
export function migrate(db: Database, migrations: readonly Migration[] = MIGRATIONS): void {
  for (const migration of migrations) {
    if (migration.version <= schemaVersion(db)) continue;
    db.transaction(() => {
      db.exec(migration.sql);
      db.pragma(`user_version = ${migration.version}`);
    }).immediate();
  }
}
