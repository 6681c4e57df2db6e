/** The configuration gives a destination's name to another bucket: what is on its way (P7), and what was done (P2, P4). */
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReadable } from '../../../src/db/connection.ts';
import { databaseFile } from '../../../src/engine/engine.ts';
import { MIB, noise, Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { sha256, TestBucket } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

let server: StandIn;
let rig: Rig;
let other: TestBucket;
rigForEach(startStandIn, async (started) => {
  server = started;
  rig = await Rig.create(server);
  other = await TestBucket.create(server);
  return rig;
});
afterEach(() => other.close());

const inForce = () => rig.log.filter((line) => line.includes('in force now')).length;

/** Why each cleanup waits. */
function recorded(): unknown[] {
  const db = openReadable(databaseFile(rig.dataDir));
  try {
    return db.prepare('SELECT last_error FROM cleanups').pluck().all();
  } finally {
    db.close();
  }
}

/** Gives the destination's name to this bucket while the engine runs. */
async function moveTo(bucket: string): Promise<void> {
  const before = inForce();
  rig.configure({ destination: { bucket } });
  await until('the configuration is in force', () => inForce() > before);
}

describe('a destination whose bucket is another one while its upload is open', () => {
  it.each(['running', 'paused'])(
    'P7: the upload is aborted where it is open, once that is named again (%s)',
    async (how) => {
      const hurry = server.faults.add({
        operation: 'UploadPart',
        fault: { kind: 'bandwidth', bytesPerSecond: 8_000_000 },
      });
      const bytes = noise(41 * MIB);
      rig.write('big.bin', bytes);
      await rig.start();
      await until('a part is done', () => (server.counters.of('UploadPart').statuses['200'] ?? 0) > 0);
      if (how === 'paused') {
        await rig.json('pause');
        await rig.untilItem('big.bin', 'pending');
      }
      expect(await rig.bucket.openUploads()).toHaveLength(1);

      await moveTo(other.name);
      if (how === 'paused') await rig.json('resume');
      hurry();
      await until('the file is in the new bucket', async () => (await other.keys()).includes('drop/big.bin'), 30_000);
      await rig.untilQuiet();
      expect(sha256((await other.get('drop/big.bin'))!.body)).toBe(sha256(bytes));
      expect(await other.openUploads()).toEqual([]);
      // It stays open there, and recorded; nothing says that it was aborted.
      expect(await rig.bucket.openUploads()).toHaveLength(1);
      expect(recorded()).toEqual([expect.stringContaining(`bucket ${rig.bucket.name} at`)]);

      await moveTo(rig.bucket.name);
      await until('it is aborted', async () => (await rig.bucket.openUploads()).length === 0);
      await rig.untilQuiet();
      await until('nothing is left to be done', () => recorded().length === 0);
    },
    90_000,
  );
});

describe('what was done in a bucket that the destination leads to no longer', () => {
  const code = 'folder.another-place';
  const refusal = (id: string) => [{ id, code, reason: expect.stringContaining('another place') as string }];
  const refused = async (...args: string[]) => {
    const result = await rig.cli('--json', ...args);
    expect(result.exitCode).toBe(2);
    return (JSON.parse(result.out) as { refused: unknown }).refused;
  };

  beforeEach(async () => {
    await rig.bucket.enableVersioning();
    await other.enableVersioning();
  });

  async function conflict(): Promise<string> {
    rig.write('a.txt', 'ours');
    await rig.start();
    const { id } = await rig.untilItem('a.txt', 'succeeded');
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours, edited');
    return (await rig.untilItem('a.txt', 'conflict', 20_000, (item) => item.id !== id)).id;
  }

  it.each(['running', 'stopped'])('P4: a decision is not taken back in another bucket (%s)', async (how) => {
    const id = await conflict();
    await rig.json('resolve', id, '--keep', 'local');
    await rig.untilItem('a.txt', 'succeeded');
    if (how === 'stopped') {
      await rig.stop();
      rig.configure({ destination: { bucket: other.name } });
      // The engine has yet to see where it leads.
      expect(await refused('undo', id)).toEqual(refusal(id));
      await rig.start();
    } else await moveTo(other.name);
    await until('the file is in the new bucket', async () => (await other.text('drop/a.txt')) === 'ours, edited');
    await rig.untilQuiet();
    expect(await refused('undo', id)).toEqual(refusal(id));
    // What is decided in the new place can be taken back there.
    await other.put('drop/a.txt', 'theirs again');
    rig.write('a.txt', 'ours, edited again');
    const next = await rig.untilItem('a.txt', 'conflict');
    await rig.json('resolve', next.id, '--keep', 'local');
    await rig.untilItem('a.txt', 'succeeded');
    await rig.json('undo', next.id);
    await until('theirs is back', async () => (await other.text('drop/a.txt')) === 'theirs again');
  });

  it('P4: a delete of mirror mode is not taken back from another bucket, nor from a folder that is gone', async () => {
    const folder = { mode: 'mirror', deletes: { grace: '0s' } };
    rig.configure({ folder });
    for (const name of ['a.txt', 'b.txt', 'c.txt']) rig.write(name, 'ours');
    await rig.start();
    for (const name of ['a.txt', 'b.txt', 'c.txt']) await rig.untilItem(name, 'succeeded');
    await rig.untilQuiet();
    rmSync(rig.at('a.txt'));
    const { id } = await rig.untilItem('a.txt', 'succeeded', 20_000, ({ kind }) => kind === 'file.delete');
    rig.configure({ folder, destination: { bucket: other.name } });
    await until('the files are in the new bucket', async () => (await other.keys()).length === 2);
    await rig.untilQuiet();
    expect(await refused('undo', id)).toEqual(refusal(id));
    const before = inForce();
    rig.configure({ folders: [], destination: { bucket: other.name } });
    await until('the folder is gone', () => inForce() > before);
    expect(await refused('undo', id)).toMatchObject([{ id, code: 'folder.not-configured' }]);
  });

  it('P11: what would give way to the look at the new place is refused before it', async () => {
    const id = await conflict();
    await other.put('drop/theirs.txt', 'there');
    await rig.stop();
    rig.configure({ destination: { bucket: other.name } });
    expect(await refused('resolve', id, '--keep', 'local')).toEqual(refusal(id));
    const early = await rig.cli('restore', 'drop', 'theirs.txt');
    expect(early.exitCode).not.toBe(0);
    expect(early.err).toMatch(/another place in the storage/);
    await rig.start();
    await until('the file is in the new bucket', async () => (await other.text('drop/a.txt')) === 'ours, edited');
    await rig.json('restore', 'drop', 'theirs.txt');
    await rig.untilItem('theirs.txt', 'succeeded');
  });
});

describe('a destination that leads to another service, to a bucket of the same name', () => {
  it.each(['running', 'stopped'])('P2: every file goes there, also what the old one has (%s)', async (how) => {
    const second = await startStandIn();
    const there = new TestBucket(second, rig.bucket.name);
    try {
      await there.make();
      rig.write('a.txt', 'ours');
      await rig.start();
      await rig.untilItem('a.txt', 'succeeded');
      if (how === 'stopped') await rig.stop();
      rig.configure({ destination: { endpoint: second.endpoint } });
      if (how === 'stopped') await rig.start();
      await until('it is there', async () => (await there.text('drop/a.txt')) === 'ours');
      await rig.untilQuiet();
      expect((await rig.ls()).map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
    } finally {
      there.close();
      await second.close();
    }
  });
});
