/** The configuration gives a destination's name to another bucket while a file is on its way (P7). */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openReadable } from '../../../src/db/connection.ts';
import { databaseFile } from '../../../src/engine/engine.ts';
import { MIB, noise, Rig } from '../../support/engine-harness.ts';
import { sha256, TestBucket } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

let server: StandIn;
let rig: Rig;
let other: TestBucket;
beforeAll(async () => {
  server = await startStandIn();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.faults.clear();
  rig = await Rig.create(server);
  other = await TestBucket.create(server);
  server.counters.reset();
});
afterEach(async () => {
  other.close();
  await rig.close();
});

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
