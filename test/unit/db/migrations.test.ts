import BetterSqlite, { type Database } from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS, migrate, SCHEMA_VERSION, schemaVersion } from '../../../src/db/migrate.ts';
import type { Migration } from '../../../src/db/migration.ts';

/** Steps a fresh database to `version`. */
function at(version: number): Database {
  const db = new BetterSqlite(':memory:');
  db.pragma('foreign_keys = ON');
  migrate(db, MIGRATIONS.slice(0, version));
  expect(schemaVersion(db)).toBe(version);
  return db;
}

/**
 * For each migration: rows as the version before it wrote them, and what must be true of them afterwards. A new migration
 * without an entry here fails the first test.
 */
const STEPS: Readonly<Record<number, { readonly before: string; readonly after: (db: Database) => void }>> = {
  1: {
    before: '',
    after: (db) => {
      db.exec(`INSERT INTO operations (id, kind, state, priority, lane, target, spec, created_at, updated_at)
        VALUES ('a', 'api.call', 'pending', 2, 'calls', 'GET x', '{}', 1, 1)`);
      expect(db.prepare('SELECT operations FROM counters').pluck().get()).toBe(1);
    },
  },
  2: {
    before: `
      INSERT INTO folders (name, root) VALUES ('drop', '/drop');
      INSERT INTO files (folder, dir, name, key, fingerprint, size_bytes, mtime_ms, base)
        VALUES ('drop', '', 'there', 'there', '1.2.3.4.5', 1, 2, '{"etag":"e"}'), ('drop', '', 'gone', 'gone', NULL, 1, 2, NULL);
      INSERT INTO operations (id, kind, state, priority, lane, target, spec, lease_epoch, created_at, updated_at)
        VALUES ('a', 'file.upload', 'running', 2, 'folder:drop', 'big', '{}', 1, 1, 1);
      INSERT INTO uploads VALUES ('a', 'main', 'big', 'u', 1, 10, 10, 'CRC64NVME', '1.2.3.4.5');
      INSERT INTO cleanups (kind, destination, key, upload_id, intent_at, ended_at, attempts, due_at, last_error)
        VALUES ('abort-upload', 'main', 'k', 'v', 1, 2, 3, 4, 'why');`,
    after: (db) => {
      expect(db.prepare('SELECT name, gone_at, identity FROM files ORDER BY name').all()).toEqual([
        { name: 'gone', gone_at: null, identity: null },
        { name: 'there', gone_at: null, identity: null },
      ]);
      expect(db.prepare('SELECT key, upload_id, etag, attempts, due_at, last_error FROM cleanups').all()).toEqual([
        { key: 'k', upload_id: 'v', etag: null, attempts: 3, due_at: 4, last_error: 'why' },
      ]);
      // P7: the trigger still writes the cleanup of what is given up.
      db.exec("UPDATE operations SET state = 'cancelled', lease_epoch = NULL, completed_at = 2, updated_at = 2");
      expect(db.prepare('SELECT key FROM cleanups ORDER BY id').pluck().all()).toEqual(['k', 'big']);
      // What is known of a directory goes when its inventory changes.
      db.exec(
        `INSERT INTO directories VALUES ('drop', '', x'00', 1); UPDATE files SET fingerprint = '2.2.3.4.5' WHERE name = 'there'`,
      );
      expect(db.prepare('SELECT count(*) FROM directories').pluck().get()).toBe(0);
    },
  },
};

describe('migrations', () => {
  it('are numbered without gaps, named, and each has a test', () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
    expect(new Set(MIGRATIONS.map(({ name }) => name)).size).toBe(SCHEMA_VERSION);
    expect(Object.keys(STEPS).map(Number)).toEqual(MIGRATIONS.map(({ version }) => version));
  });

  it.each(MIGRATIONS)('$version $name keeps what is there', ({ version }) => {
    const db = at(version - 1);
    db.exec(STEPS[version]?.before ?? '');
    migrate(db, MIGRATIONS.slice(0, version));
    expect(schemaVersion(db)).toBe(version);
    STEPS[version]?.after(db);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.pragma('foreign_key_check')).toEqual([]);
  });

  it('run once: a database of the present version is left alone', () => {
    const db = at(SCHEMA_VERSION);
    migrate(db);
    expect(schemaVersion(db)).toBe(SCHEMA_VERSION);
  });

  it('take version and schema forward together, or not at all', () => {
    const db = at(SCHEMA_VERSION);
    const broken: Migration = {
      version: SCHEMA_VERSION + 1,
      name: 'broken',
      sql: 'CREATE TABLE half (x) STRICT; CREATE TABLE made (x INTEGER) STRICT;',
    };
    expect(() => {
      migrate(db, [...MIGRATIONS, { ...broken, sql: 'CREATE TABLE made (x INTEGER) STRICT; SELECT nonsense;' }]);
    }).toThrow(/nonsense/);
    expect(schemaVersion(db)).toBe(SCHEMA_VERSION);
    expect(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'made'").pluck().get()).toBe(0);
  });
});
