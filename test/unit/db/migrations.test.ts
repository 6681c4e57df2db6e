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
