/** The configuration changes while bytes are on their way. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MIB, noise, PART_BYTES, Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

/** Within this no byte flows any more of what was stopped, ms (P9). */
const STOP_LIMIT_MS = 1000;

let server: StandIn;
let rig: Rig;
rigForEach(startStandIn, async (started) => {
  server = started;
  rig = await Rig.create(server);
  mkdirSync(rig.folder('other'));
  return rig;
});

const partsDone = () => server.counters.of('UploadPart').statuses['200'] ?? 0;
const bytesIn = () => server.counters.of('UploadPart').requestBodyBytes;
const both = (more: Readonly<Record<string, unknown>> = {}) => ({
  folders: [rig.folderConfig('drop', more), rig.folderConfig('other')],
});

/** `big.bin` is being sent, with a part done and others in flight; the function that comes back makes the line fast. */
async function underWay(): Promise<{ readonly bytes: Buffer; readonly hurry: () => void }> {
  const fault = { kind: 'bandwidth', bytesPerSecond: 8_000_000 } as const;
  const hurry = server.faults.add({ operation: 'UploadPart', fault });
  const bytes = noise(41 * MIB);
  rig.write('big.bin', bytes);
  rig.configure(both());
  await rig.start();
  await until('a part is done and others are in flight', () => partsDone() > 0 && bytesIn() > partsDone() * PART_BYTES);
  return { bytes, hurry };
}

async function expectStopped(): Promise<void> {
  await delay(STOP_LIMIT_MS);
  const before = bytesIn();
  await delay(500);
  expect(bytesIn()).toBe(before);
}

describe('a change of the configuration while its files are on their way', () => {
  it.each([
    ['takes their folder away', 'not-configured', () => ({ folders: [rig.folderConfig('other')] })],
    ['pauses their folder', 'paused', () => both({ paused: true })],
  ] as const)('%s: bytes stop, the item stays and says why; taken back, it goes on', async (_, gate, change) => {
    const { bytes, hurry } = await underWay();
    rig.configure(change());
    await rig.untilItem('big.bin', 'pending', 20_000, (item) => item.gate === gate);
    hurry();
    await expectStopped();
    const waiting = await rig.item('big.bin');
    expect(waiting).toMatchObject({ attempts: 0, error: null });
    expect(waiting.next).not.toBeNull();
    expect(waiting.bytesDone).toBeGreaterThanOrEqual(PART_BYTES);
    expect(await rig.bucket.openUploads()).toHaveLength(1);
    // P10: the other folder does not notice.
    rig.write('b.txt', 'goes on', 'other');
    await rig.untilStored('other/b.txt', 'goes on');
    const sent = bytesIn();
    rig.configure(both());
    await rig.untilItem('big.bin', 'succeeded');
    // P6: nothing that was finished is sent again; of what was on its way some had arrived.
    expect(bytesIn() - sent).toBeLessThanOrEqual(bytes.length - waiting.bytesDone);
    expect(server.counters.of('CreateMultipartUpload').requests).toBe(1);
    expect(sha256((await rig.bucket.get('drop/big.bin'))!.body)).toBe(sha256(bytes));
  });

  it('P7: an item whose folder is gone can be cancelled: nothing of it stays open', async () => {
    await underWay();
    rig.configure({ folders: [rig.folderConfig('other')] });
    const { id } = await rig.untilItem('big.bin', 'pending', 20_000, (item) => item.gate === 'not-configured');
    await rig.json('cancel', id);
    await until('the upload is aborted', async () => (await rig.bucket.openUploads()).length === 0);
    expect(await rig.item('big.bin')).toMatchObject({ state: 'cancelled' });
    expect((await rig.status()).counts).toMatchObject({ pending: 0, running: 0, waiting: 0 });
  });

  it('that can’t be read changes nothing: they go on in the same attempt, and the problem is shown', async () => {
    const { bytes, hurry } = await underWay();
    writeFileSync(rig.configFile, '{ "folders": [ { "path": 5 } ], "destinatons": {} }');
    await until('the problem is shown', async () => (await rig.status()).configProblems.length > 0);
    expect((await rig.item('big.bin')).state).toBe('running');
    expect((await rig.status()).folders.map(({ name }) => name)).toEqual(['drop', 'other']);
    hurry();
    const { id } = await rig.untilItem('big.bin', 'succeeded');
    expect((await rig.show(id)).events.map(({ type }) => type)).toEqual(['queued', 'started', 'succeeded']);
    // Of this bucket alone: what an earlier test had on its way may still come in.
    const parts = server.counters
      .log()
      .filter((one) => one.operation === 'UploadPart' && one.bucket === rig.bucket.name);
    expect(parts.map(({ partNumber, status }) => `${partNumber} ${status}`).sort()).toEqual(
      Array.from({ length: Math.ceil(bytes.length / PART_BYTES) }, (_, index) => `${index + 1} 200`).sort(),
    );
  });

  it('of how many go at once: more start beside those that run, fewer hold as they end, and none is sent twice', async () => {
    const COUNT = 40;
    const atOnce = (concurrency: number) => rig.configure({ destination: { limits: { concurrency } } });
    // The fault sees a request when it comes, the counter when it has ended.
    let most = 0;
    const inFlight = () => {
      const now = (server.faults.rules()[0]?.seen ?? 0) - server.counters.of('PutObject').requests;
      most = Math.max(most, now);
      return now;
    };
    server.faults.add({ operation: 'PutObject', fault: { kind: 'latency', delayMs: 300 } });
    atOnce(2);
    for (let index = 0; index < COUNT; index += 1) rig.write(`${index}`, `content ${index}`);
    const watch = setInterval(inFlight, 5);
    try {
      await rig.start();
      await until('two are on their way', () => inFlight() === 2);
      atOnce(6);
      await until('six are', () => inFlight() === 6);
      expect(most).toBe(6);
      atOnce(1);
      await until('one is', () => inFlight() === 1);
      most = 0;
      await rig.untilQuiet(60_000);
      expect(most).toBe(1);
    } finally {
      clearInterval(watch);
    }
    expect((await rig.status()).counts.succeeded).toBe(COUNT);
    expect(server.counters.of('PutObject').requests).toBe(COUNT);
  });
});
