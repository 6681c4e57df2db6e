import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openWritable } from '../../../src/db/connection.ts';
import { STATES, isTerminal } from '../../../src/core/states.ts';
import { Upkeep } from '../../../src/sync/upkeep.ts';
import { bringTo, makeOutbox, queueUpload, type Outbox } from '../../support/outbox.ts';
import { tempDir } from '../../support/temp-dir.ts';

const DAY_MS = 86_400_000;

function count(outbox: Outbox, table: string): number {
  return (outbox.db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
}

function startUpkeep(outbox: Outbox, keepDays = 90): void {
  const fatal: unknown[] = [];
  const upkeep = new Upkeep({ ...outbox, keepDays, onFatal: (error) => fatal.push(error) });
  upkeep.start();
  onTestFinished(() => {
    upkeep.stop();
    expect(fatal).toEqual([]);
  });
}

describe('upkeep', () => {
  it.each(STATES)(
    'of an operation that is %s: what has ended goes with its history, what has not keeps all',
    (state) => {
      const outbox = makeOutbox();
      const operation = bringTo(outbox, queueUpload(outbox, 'a'), state);
      const events = count(outbox, 'events');
      outbox.clock.advance(91 * DAY_MS);
      startUpkeep(outbox);
      outbox.clock.advance(DAY_MS);
      expect(outbox.repos.operations.byId(operation.id) === null).toBe(isTerminal(state));
      expect(count(outbox, 'events')).toBe(isTerminal(state) ? 0 : events);
      expect(count(outbox, 'operation_keys')).toBe(isTerminal(state) ? 0 : 1);
    },
  );

  it('leaves what is younger than the history is long', () => {
    const outbox = makeOutbox();
    bringTo(outbox, queueUpload(outbox, 'a'), 'succeeded');
    outbox.clock.advance(89 * DAY_MS);
    startUpkeep(outbox);
    outbox.clock.advance(12 * 3_600_000);
    expect(count(outbox, 'operations')).toBe(1);
    outbox.clock.advance(DAY_MS);
    expect(count(outbox, 'operations')).toBe(0);
  });

  it('goes through many rows in steps, and gives the room back to the file system', () => {
    const file = join(tempDir(), 'longshore.db');
    const db = openWritable(file);
    onTestFinished(() => {
      db.close();
    });
    const outbox = makeOutbox({ db });
    outbox.repos.transaction(() => {
      for (let n = 0; n < 12_000; n += 1) bringTo(outbox, queueUpload(outbox, `f${n}`), 'succeeded');
    });
    queueUpload(outbox, 'still to do');
    outbox.repos.retention.checkpoint();
    const before = statSync(file).size;
    outbox.clock.advance(91 * DAY_MS);
    startUpkeep(outbox);
    outbox.clock.advance(60_000);
    expect(count(outbox, 'operations')).toBe(12_001);
    outbox.clock.advance(3_600_000);
    expect(count(outbox, 'operations')).toBe(1);
    expect(count(outbox, 'events')).toBe(1);
    expect(statSync(file).size).toBeLessThan(before / 2);
    expect(db.pragma('quick_check', { simple: true })).toBe('ok');
  });

  it('forgets old runs of the engine, but the last hundred', () => {
    const outbox = makeOutbox();
    for (let n = 0; n < 150; n += 1) outbox.repos.runs.start(n, outbox.clock.now());
    outbox.clock.advance(91 * DAY_MS);
    startUpkeep(outbox);
    outbox.clock.advance(DAY_MS);
    expect(count(outbox, 'engine_runs')).toBe(101);
  });
});
