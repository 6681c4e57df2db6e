import type { Database } from 'better-sqlite3';
import { assert } from '../core/assert.ts';
import type { Migration } from './migration.ts';
import { outbox } from './migrations/0001-outbox.ts';
import { wholeEngine } from './migrations/0002-whole-engine.ts';
import { cheaperRules } from './migrations/0003-cheaper-rules.ts';
import { historyByNumber } from './migrations/0004-history-by-number.ts';
import { placeOfUploads } from './migrations/0005-place-of-uploads.ts';
import { mootWishes } from './migrations/0006-moot-wishes.ts';
import { endedDownloads } from './migrations/0007-ended-downloads.ts';
import { placeSince } from './migrations/0008-place-since.ts';

export const MIGRATIONS: readonly Migration[] = [
  outbox,
  wholeEngine,
  cheaperRules,
  historyByNumber,
  placeOfUploads,
  mootWishes,
  endedDownloads,
  placeSince,
];
export const SCHEMA_VERSION = MIGRATIONS.length;

export function schemaVersion(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

/** Brings the schema to the present version, each step with its version bump in one transaction. */
export function migrate(db: Database, migrations: readonly Migration[] = MIGRATIONS): void {
  // A table that is made anew is dropped first, and what refers to its rows must not go with it. Each step is checked.
  const enforced = db.pragma('foreign_keys', { simple: true }) as number;
  db.pragma('foreign_keys = OFF');
  try {
    for (const migration of migrations) {
      if (migration.version <= schemaVersion(db)) continue;
      db.transaction(() => {
        db.exec(migration.sql);
        const dangling = db.pragma('foreign_key_check') as unknown[];
        assert(dangling.length === 0, `migration ${migration.version} left rows that refer to nothing`);
        db.pragma(`user_version = ${migration.version}`);
      }).immediate();
    }
  } finally {
    db.pragma(`foreign_keys = ${enforced}`);
  }
}
