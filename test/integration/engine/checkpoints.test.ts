import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Checkpoints } from '../../../src/db/checkpoints.ts';
import {
  CHECKPOINT_PAGES,
  checkpoint,
  openReadable,
  openWritable,
  type WritableDb,
} from '../../../src/db/connection.ts';
import { systemClock } from '../../../src/engine/system-clock.ts';
import { until } from '../../support/until.ts';

const WORKER = new URL('../../../src/db/checkpoint-worker.ts', import.meta.url);

const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

function database(): { readonly db: WritableDb; readonly file: string } {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-wal-'));
  undo.push(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'longshore.db');
  const db = openWritable(file);
  undo.push(() => void db.close());
  return { db, file };
}

function startCheckpoints(db: WritableDb, file: string, worker = WORKER): Checkpoints {
  const checkpoints = new Checkpoints(db, file, worker, systemClock);
  undo.push(() => checkpoints.stop());
  checkpoints.start();
  return checkpoints;
}

/** Commits of about ten pages each until the log holds so many; gives how many rows there are then. */
function write(db: WritableDb, pages: number): number {
  const insert = db.prepare('INSERT INTO settings (name, value) VALUES (?, ?)');
  let row = db.prepare<[], number>('SELECT count(*) FROM settings').pluck().get() ?? 0;
  for (; checkpoint(db, 'NOOP').pages < pages; row += 1) insert.run(`row-${row}`, JSON.stringify('x'.repeat(40_000)));
  return row;
}

describe('P1: the log of the database', () => {
  it('is copied by a thread, not within a commit, and begins anew', async () => {
    const { db, file } = database();
    startCheckpoints(db, file);
    const rows = write(db, CHECKPOINT_PAGES + 100);
    expect(checkpoint(db, 'NOOP').left).toBeGreaterThan(CHECKPOINT_PAGES);
    await until('all of it is copied', () => checkpoint(db, 'NOOP').left === 0);
    db.prepare("INSERT INTO settings (name, value) VALUES ('one-more', '1')").run();
    expect(checkpoint(db, 'NOOP').pages).toBeLessThan(100);
    expect(db.prepare('SELECT count(*) FROM settings').pluck().get()).toBe(rows + 1);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  });

  it('is bounded while one commit follows the other', async () => {
    const { db, file } = database();
    startCheckpoints(db, file);
    const insert = db.prepare('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)');
    for (let round = 0; round < 40; round += 1) {
      for (let row = 0; row < 40; row += 1) insert.run(`row-${row}`, JSON.stringify(String(round).repeat(40_000)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    // 64 MiB, what comes until the thread has looked, and what commits would copy themselves from.
    expect(statSync(`${file}-wal`).size).toBeLessThan(160 * 2 ** 20);
    await until('little is left', () => checkpoint(db, 'NOOP').left < CHECKPOINT_PAGES);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  });

  it('is cut when it begins anew after it had grown long', async () => {
    const { db, file } = database();
    startCheckpoints(db, file);
    const limit = Number(db.pragma('journal_size_limit', { simple: true }));
    const reader = openReadable(file);
    undo.push(() => void reader.close());
    // As long as somebody reads what was before, nothing of the log can be used again.
    const reading = reader.prepare('SELECT * FROM sqlite_schema').iterate();
    reading.next();
    write(db, limit / 4096 + 1000);
    reading.return?.();
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(limit);
    await until('all of it is copied', () => checkpoint(db, 'NOOP').left === 0);
    db.prepare("INSERT INTO settings (name, value) VALUES ('one-more', '1')").run();
    expect(statSync(`${file}-wal`).size).toBeLessThanOrEqual(limit);
  });

  it('is copied within commits where no thread can run', async () => {
    const { db, file } = database();
    startCheckpoints(db, file, new URL('data:text/javascript,process.exit(1)'));
    write(db, CHECKPOINT_PAGES + 100);
    await until('the thread is given up', () => db.pragma('wal_autocheckpoint', { simple: true }) === CHECKPOINT_PAGES);
    write(db, 1);
    db.prepare("INSERT INTO settings (name, value) VALUES ('one-more', '1')").run();
    expect(checkpoint(db, 'NOOP').left).toBe(0);
  });
});
