import BetterSqlite, { type Database } from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS, migrate, SCHEMA_VERSION, schemaVersion } from '../../../src/db/migrate.ts';
import type { Migration } from '../../../src/db/migration.ts';
import { QueueQueries } from '../../../src/db/queue-queries.ts';
import { SettingsRepo } from '../../../src/db/settings-repo.ts';
import { forgetIntent, readIntent } from '../../../src/sync/capabilities/capability-store.ts';

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
  3: {
    before: `
      INSERT INTO operations (id, kind, state, priority, lane, target, spec, created_at, updated_at, completed_at, lease_epoch, resource_key)
        VALUES ('parent', 'flow.run', 'running', 2, 'folder:drop', 'f', '{}', 1, 1, NULL, 1, NULL),
          ('a', 'file.upload', 'running', 2, 'folder:drop', 'big', '{}', 1, 1, NULL, 1, 'main:big'),
          ('b', 'file.upload', 'succeeded', 1, 'folder:drop', 'small', '{}', 1, 2, 2, NULL, 'main:small'),
          ('last', 'file.upload', 'pending', 2, 'folder:drop', 'x', '{}', 1, 1, NULL, NULL, 'main:x');
      UPDATE operations SET parent = 'parent' WHERE id = 'a';
      INSERT INTO operation_keys VALUES (2, 'main:big', 1, 1), (3, 'main:small', 0, 0);
      INSERT INTO uploads VALUES ('a', 'main', 'big', 'u', 1, 10, 10, 'CRC64NVME', '1.2.3.4.5');
      INSERT INTO parts VALUES ('a', 1, 10, 'c', 'e', 1);
      INSERT INTO after_uploads (operation, action, folder, path, fingerprint, due_at)
        VALUES ('b', 'trash', 'drop', 'small', '1.2.3.4.5', 9);
      DELETE FROM operations WHERE id = 'last';`,
    after: (db) => {
      expect(db.prepare('SELECT seq, id, state, parent FROM operations ORDER BY seq').all()).toEqual([
        { seq: 1, id: 'parent', state: 'running', parent: null },
        { seq: 2, id: 'a', state: 'running', parent: 'parent' },
        { seq: 3, id: 'b', state: 'succeeded', parent: null },
      ]);
      // What refers to an operation is still there, and so are the numbers that were kept.
      for (const table of ['uploads', 'parts', 'after_uploads'])
        expect(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), table).toBe(1);
      expect(db.prepare('SELECT * FROM operation_keys ORDER BY operation_seq').all()).toEqual([
        { operation_seq: 2, resource_key: 'main:big', held: 1, active: 1 },
        { operation_seq: 3, resource_key: 'main:small', held: 0, active: 0 },
      ]);
      expect(db.prepare("SELECT operations FROM counters WHERE state = 'running'").pluck().get()).toBe(2);
      // The number of a row that is gone is not given again.
      db.exec(`INSERT INTO operations (id, kind, state, priority, lane, target, spec, created_at, updated_at)
        VALUES ('next', 'api.call', 'pending', 2, 'calls', 'GET x', '{}', 1, 1)`);
      expect(db.prepare("SELECT seq FROM operations WHERE id = 'next'").pluck().get()).toBe(5);
      // The triggers and references are those of the new tables.
      db.exec("UPDATE operations SET state = 'cancelled', lease_epoch = NULL, completed_at = 2 WHERE id = 'a'");
      expect(db.prepare('SELECT key FROM cleanups').pluck().all()).toEqual(['big']);
      expect(db.prepare('SELECT held, active FROM operation_keys WHERE operation_seq = 2').all()).toEqual([
        { held: 0, active: 0 },
      ]);
      expect(() => db.exec("DELETE FROM operations WHERE id = 'parent'")).toThrow(/FOREIGN KEY/);
      db.exec("DELETE FROM operations WHERE id = 'b'");
      expect(db.prepare('SELECT count(*) FROM after_uploads').pluck().get()).toBe(0);
    },
  },
  4: {
    before: `
      INSERT INTO operations (id, kind, state, priority, lane, target, spec, bytes_total, created_at, updated_at)
        VALUES ('gone', 'api.call', 'pending', 2, 'calls', 'GET x', '{}', NULL, 1, 1),
          ('a', 'file.upload', 'pending', 2, 'folder:drop', 'big', '{}', 10, 1, 1);
      DELETE FROM operations WHERE id = 'gone';
      INSERT INTO events (id, operation, type, at, source, correlation_id, details)
        VALUES ('1', 'gone', 'queued', 1, 'internal', 'gone', '{}'), ('2', 'a', 'queued', 1, 'internal', 'a', '{}'),
          ('3', NULL, 'folder-frozen', 1, 'internal', NULL, '{}');`,
    after: (db) => {
      expect(db.prepare('SELECT id, operation, operation_seq FROM events ORDER BY seq').all()).toEqual([
        { id: '1', operation: 'gone', operation_seq: null },
        { id: '2', operation: 'a', operation_seq: 2 },
        { id: '3', operation: null, operation_seq: null },
      ]);
      expect(() => db.exec("UPDATE events SET type = 'other'")).toThrow(/immutable/);
      // Counters follow a change of state, of bytes, and of both.
      db.exec("UPDATE operations SET state = 'running', lease_epoch = 1, bytes_done = 4 WHERE id = 'a'");
      db.exec("UPDATE operations SET bytes_done = 7, bytes_total = 20 WHERE id = 'a'");
      expect(db.prepare("SELECT * FROM counters WHERE lane = 'folder:drop' ORDER BY state").all()).toEqual([
        { lane: 'folder:drop', state: 'pending', operations: 0, bytes_total: 0, bytes_done: 0 },
        { lane: 'folder:drop', state: 'running', operations: 1, bytes_total: 20, bytes_done: 7 },
      ]);
    },
  },
  5: {
    before: `
      INSERT INTO operations (id, kind, state, priority, lane, target, spec, lease_epoch, created_at, updated_at)
        VALUES ('a', 'file.upload', 'running', 2, 'folder:drop', 'old', '{}', 1, 1, 1),
          ('b', 'file.upload', 'running', 2, 'folder:drop', 'new', '{}', 1, 1, 1);
      INSERT INTO uploads VALUES ('a', 'main', 'old', 'u', 1, 10, 10, 'CRC64NVME', '1.2.3.4.5');
      INSERT INTO parts VALUES ('a', 1, 10, 'c', 'e', 1);
      INSERT INTO cleanups (kind, destination, key, etag, intent_at, ended_at, due_at)
        VALUES ('delete-object', 'main', 'k', 'e', 1, 2, 3);`,
    after: (db) => {
      expect(db.prepare('SELECT key, upload_id, place FROM uploads').all()).toEqual([
        { key: 'old', upload_id: 'u', place: null },
      ]);
      expect(db.prepare('SELECT count(*) FROM parts').pluck().get()).toBe(1);
      // P7: whatever ends the operation, the cleanup knows where the upload is open.
      db.exec(`INSERT INTO uploads VALUES ('b', 'main', 'new', 'v', 1, 10, 10, 'CRC64NVME', '1.2.3.4.5', 'there');
        UPDATE operations SET state = 'cancelled', lease_epoch = NULL, completed_at = 2, updated_at = 2`);
      expect(db.prepare('SELECT key, upload_id, place FROM cleanups ORDER BY key').all()).toEqual([
        { key: 'k', upload_id: null, place: null },
        { key: 'new', upload_id: 'v', place: 'there' },
        { key: 'old', upload_id: 'u', place: null },
      ]);
      expect(db.prepare('SELECT count(*) FROM uploads').pluck().get()).toBe(0);
    },
  },
  6: {
    before: `
      INSERT INTO operations (id, kind, state, priority, lane, target, spec, completed_at, created_at, updated_at)
        VALUES ('a', 'file.upload', 'succeeded', 2, 'folder:drop', 'a', '{}', 1, 1, 1);
      INSERT INTO after_uploads (operation, action, archive_path, folder, path, fingerprint, due_at)
        VALUES ('a', 'archive', '/old/a', 'drop', 'a', '1.2.3.4.5', 9);
      INSERT INTO settings (name, value) VALUES ('capabilities-probe:main', '{"key":"k","at":5}'),
        ('capabilities-probe:done', 'null'), ('capabilities:main', '{}');`,
    after: (db) => {
      // P7: what a probe of the version before has left is still known.
      const settings = new SettingsRepo(db);
      expect(readIntent(settings, 'main', 'there')).toEqual({ storage: null, key: 'k', at: 5 });
      expect(readIntent(settings, 'done', 'there')).toBeNull();
      expect(db.prepare('SELECT name FROM settings ORDER BY name').pluck().all()).toEqual([
        'capabilities-probes:main',
        'capabilities:main',
      ]);
      forgetIntent(settings, 'main', 'there');
      expect(readIntent(settings, 'main', 'there')).toBeNull();
      const wishes = db.prepare('SELECT operation, archive_path, due_at, moot FROM after_uploads').all();
      expect(wishes).toEqual([{ operation: 'a', archive_path: '/old/a', due_at: 9, moot: null }]);
    },
  },
  7: {
    before: `
      INSERT INTO operations (id, kind, state, priority, lane, folder, path, target, spec, created_at, updated_at, started_at, completed_at)
        VALUES ('a', 'file.download', 'cancelled', 2, 'folder:drop', 'drop', 'd/a', 'd/a', '{}', 1, 2, 1, 2),
          ('b', 'file.upload', 'cancelled', 2, 'folder:drop', 'drop', 'd/b', 'd/b', '{}', 1, 2, 1, 2);`,
    after: (db) => {
      const queue = new QueueQueries(db);
      expect(queue.endedDownloads('drop', 0, 10)).toEqual([{ seq: 1, id: 'a', path: 'd/a' }]);
      expect(queue.endedDownloads('drop', 1, 10)).toEqual([]);
    },
  },
  8: {
    before: "INSERT INTO folders (name, root, place) VALUES ('drop', '/drop', 'there')",
    after: (db) => {
      expect(db.prepare('SELECT place, place_since FROM folders').all()).toEqual([{ place: 'there', place_since: 0 }]);
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

  it('are refused where they would leave rows that refer to nothing', () => {
    const db = at(SCHEMA_VERSION);
    db.exec(`INSERT INTO operations (id, kind, state, priority, lane, target, spec, created_at, updated_at)
      VALUES ('a', 'file.upload', 'pending', 2, 'l', 't', '{}', 1, 1);
      INSERT INTO uploads VALUES ('a', 'main', 'big', 'u', 1, 10, 10, 'CRC64NVME', '1.2.3.4.5', NULL)`);
    const next: Migration = { version: SCHEMA_VERSION + 1, name: 'careless', sql: 'DELETE FROM operations' };
    expect(() => {
      migrate(db, [...MIGRATIONS, next]);
    }).toThrow(/refer to nothing/);
    expect(schemaVersion(db)).toBe(SCHEMA_VERSION);
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
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
