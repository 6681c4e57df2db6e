import BetterSqlite from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openReadable, openWritable, type ReadableDb } from '../../../src/db/connection.ts';
import { DatabaseError } from '../../../src/db/database-error.ts';
import { MIGRATIONS, SCHEMA_VERSION } from '../../../src/db/migrate.ts';
import type { Migration } from '../../../src/db/migration.ts';
import { makeOutbox, queueUpload } from '../../support/outbox.ts';
import { tempDir } from '../../support/temp-dir.ts';

function opened<T extends ReadableDb>(db: T): T {
  onTestFinished(() => {
    db.close();
  });
  return db;
}

function digest(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** A database with many rows, closed. */
function written(): string {
  const file = join(tempDir(), 'longshore.db');
  const db = openWritable(file);
  const outbox = makeOutbox({ db });
  outbox.repos.transaction(() => {
    for (let index = 0; index < 500; index += 1) queueUpload(outbox, `f${index}`);
  });
  db.close();
  return file;
}

/** The same with a damaged page behind those of the schema: the file opens, and only a look at the rows shows it. */
function damaged(): string {
  const file = written();
  const bytes = readFileSync(file);
  bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 8192);
  writeFileSync(file, bytes);
  return file;
}

function refusal(open: () => unknown): DatabaseError {
  try {
    open();
  } catch (error) {
    if (error instanceof DatabaseError) return error;
    throw error;
  }
  throw new Error('it opened');
}

/** As the engine's life leaves it: its run ended, or not. */
function withRun(ended: boolean): string {
  const file = written();
  const db = openWritable(file);
  const { repos } = makeOutbox({ db });
  const epoch = repos.runs.start(1, 0);
  if (ended) repos.runs.end(epoch, 1);
  db.close();
  return file;
}

describe('openWritable', () => {
  it.each([
    { title: 'a large one after an engine that was killed', ended: false, quick: 0, refused: true },
    { title: 'a large one that was closed well', ended: true, quick: 0, refused: false },
    { title: 'a small one that was closed well', ended: true, quick: 2 ** 30, refused: true },
  ])('looks at every page where that is quick or needed: $title', ({ ended, quick, refused }) => {
    const file = withRun(ended);
    const bytes = readFileSync(file);
    // In the middle of the rows; schema and the engine's runs stand elsewhere.
    bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 4096);
    writeFileSync(file, bytes);
    const open = () => openWritable(file, MIGRATIONS, quick);
    if (refused) expect(refusal(open).kind).toBe('corrupt');
    else open().close();
  });

  it('P1: makes a database that is durable at every commit', () => {
    const db = opened(openWritable(join(tempDir(), 'longshore.db')));
    const pragma = (name: string) => db.pragma(name, { simple: true });
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('fullfsync')).toBe(1);
    expect(pragma('foreign_keys')).toBe(1);
    expect(pragma('user_version')).toBe(SCHEMA_VERSION);
  });

  it.skipIf(process.platform === 'win32')('P12: makes files that only their owner can read', () => {
    const file = join(tempDir(), 'longshore.db');
    const db = opened(openWritable(file));
    makeOutbox({ db }).repos.settings.set('x', 1);
    for (const each of [file, `${file}-wal`, `${file}-shm`]) expect(statSync(each).mode & 0o777, each).toBe(0o600);
  });

  it('refuses a database of a newer Longshore and leaves it alone', () => {
    const file = written();
    const raw = new BetterSqlite(file);
    raw.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
    raw.close();
    const before = digest(file);
    expect(refusal(() => openWritable(file))).toMatchObject({ kind: 'newer' });
    expect(refusal(() => openReadable(file))).toMatchObject({ kind: 'newer' });
    expect(digest(file)).toBe(before);
  });

  it('refuses what is no database and leaves it alone', () => {
    const file = join(tempDir(), 'longshore.db');
    writeFileSync(file, 'Dear diary, '.repeat(1000));
    const before = digest(file);
    const error = refusal(() => openWritable(file));
    expect(error.kind).toBe('corrupt');
    expect(error.message).toContain(file);
    expect(error.hint).not.toBe('');
    expect(digest(file)).toBe(before);
    expect(refusal(() => openReadable(file)).kind).toBe('corrupt');
  });

  it('refuses a database with a damaged page and leaves it alone', () => {
    const file = damaged();
    const before = digest(file);
    expect(refusal(() => openWritable(file)).kind).toBe('corrupt');
    expect(digest(file)).toBe(before);
  });

  it('says that a database in a directory that is not there can’t be opened', () => {
    const file = join(tempDir(), 'no', 'longshore.db');
    expect(() => openWritable(file)).toThrow(/directory|opened/i);
    expect(existsSync(file)).toBe(false);
  });

  const nextStep: Migration = {
    version: SCHEMA_VERSION + 1,
    name: 'next',
    sql: 'CREATE TABLE next_step (x INTEGER) STRICT; DELETE FROM events;',
  };

  it('brings an older database up to date, after a backup of all that was there', () => {
    const file = written();
    const db = opened(openWritable(file, [...MIGRATIONS, nextStep]));
    expect(db.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION + 1);
    const backup = `${file}.v${SCHEMA_VERSION}.backup`;
    if (process.platform !== 'win32') expect(statSync(backup).mode & 0o777).toBe(0o600);
    const old = opened(openReadable(backup));
    expect(old.prepare('SELECT count(*) FROM operations').pluck().get()).toBe(500);
    expect(old.prepare('SELECT count(*) FROM events').pluck().get()).toBe(500);
  });

  it('keeps the first backup of a version, and makes none where nothing changes', () => {
    const file = written();
    opened(openWritable(file)).close();
    const backup = `${file}.v${SCHEMA_VERSION}.backup`;
    expect(existsSync(backup)).toBe(false);
    writeFileSync(backup, 'kept');
    opened(openWritable(file, [...MIGRATIONS, nextStep])).close();
    expect(readFileSync(backup, 'utf8')).toBe('kept');
  });

  it('leaves an older database as it was when a step fails', () => {
    const file = written();
    const before = digest(file);
    const broken = { ...nextStep, sql: 'DELETE FROM events; SELECT nonsense;' };
    expect(() => openWritable(file, [...MIGRATIONS, broken])).toThrow(/nonsense/);
    expect(digest(file)).toBe(before);
  });

  it('does not take a damaged database a step further', () => {
    const file = damaged();
    const before = digest(file);
    expect(refusal(() => openWritable(file, [...MIGRATIONS, nextStep])).kind).toBe('corrupt');
    expect(digest(file)).toBe(before);
    expect(existsSync(`${file}.v${SCHEMA_VERSION}.backup`)).toBe(false);
  });
});

describe('openReadable', () => {
  it('reads beside a writer and can’t write', () => {
    const file = join(tempDir(), 'longshore.db');
    const writer = opened(openWritable(file));
    const outbox = makeOutbox({ db: writer });
    queueUpload(outbox, 'a');
    const reader = opened(openReadable(file));
    expect(reader.prepare('SELECT count(*) FROM operations').pluck().get()).toBe(1);
    expect(() => reader.exec('DELETE FROM operations')).toThrow(/readonly/);
    queueUpload(outbox, 'b');
    expect(reader.prepare('SELECT count(*) FROM operations').pluck().get()).toBe(2);
  });

  it('never makes or migrates a database', () => {
    const missing = join(tempDir(), 'longshore.db');
    expect(refusal(() => openReadable(missing)).kind).toBe('unreadable');
    expect(existsSync(missing)).toBe(false);
    const old = join(tempDir(), 'old.db');
    const raw = new BetterSqlite(old);
    raw.exec('CREATE TABLE x (y)');
    raw.close();
    expect(refusal(() => openReadable(old)).kind).toBe('unreadable');
  });
});
