import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn } from '../../support/s3-servers.ts';

let rig: Rig;
rigForEach(startStandIn, async (server) => {
  rig = await Rig.create(server);
  rig.write('a.txt', 'x');
  await rig.start();
  await rig.untilItem('a.txt', 'succeeded');
  await rig.stop();
  return rig;
});

const file = () => join(rig.dataDir, 'longshore.db');

describe('a database that can not be used', () => {
  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['no database at all', () => Buffer.from('this is a text file, not a database\n'.repeat(200))],
    ['damaged in the middle', (bytes) => bytes.fill(0xab, 4096 * 3, Math.min(bytes.length, 4096 * 12))],
    ['cut off', (bytes) => bytes.subarray(0, 4096 * 2 + 100)],
  ])('%s: the engine says so, changes nothing, and starts no work', async (_title, damage) => {
    writeFileSync(file(), damage(readFileSync(file())));
    const before = sha256(readFileSync(file()));
    rig.write('b.txt', 'must not be sent by an engine without its memory');
    const { exitCode, err } = await rig.spawn('run').ended;
    expect(exitCode).toBe(1);
    expect(err).toMatch(/database .*longshore\.db is damaged/);
    expect(err).toMatch(/Keep a copy|move it away/);
    expect(err).not.toMatch(/\n\s+at /);
    expect(sha256(readFileSync(file()))).toBe(before);
    expect(await rig.bucket.keys()).toEqual(['drop/a.txt']);
  });

  it('written by a newer version: refused, told, untouched; reading commands too', async () => {
    const db = new BetterSqlite(file());
    db.pragma('user_version = 99');
    db.close();
    const before = sha256(readFileSync(file()));
    const { exitCode, err } = await rig.spawn('run', '--once').ended;
    expect(exitCode).toBe(1);
    expect(err).toMatch(/newer Longshore/);
    expect((await rig.cli('ls')).err).toMatch(/newer Longshore/);
    expect((await rig.cli('pause')).err).toMatch(/newer Longshore/);
    expect(sha256(readFileSync(file()))).toBe(before);
    expect(readdirSync(rig.dataDir).filter((name) => name.endsWith('.backup'))).toEqual([]);
  });

  it('lost: what is in the storage already is recognised, nothing is sent again, nothing conflicts', async () => {
    const { etag } = (await rig.bucket.get('drop/a.txt'))!;
    writeFileSync(file(), '');
    for (const name of readdirSync(rig.dataDir))
      if (name.startsWith('longshore.db')) writeFileSync(join(rig.dataDir, name), '');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
    expect((await rig.bucket.get('drop/a.txt'))?.etag).toBe(etag);
    expect((await rig.status()).counts).toMatchObject({ conflict: 0, failed: 0 });
  });
});
