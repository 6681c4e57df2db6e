import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MIB, noise, PART_BYTES, Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

/** Within this no byte flows any more after a pause, ms (P9). */
const PAUSE_LIMIT_MS = 1000;
/** Parts of one file in flight where nothing is configured. */
const PARTS_AT_ONCE = 8;

let server: StandIn;
let rig: Rig;
rigForEach(startStandIn, async (started) => {
  server = started;
  return (rig = await Rig.create(server));
});

/** So fast that what the kernel still holds of a closed connection (at most a part) is through well within a second. */
const slow = () =>
  server.faults.add({ operation: 'UploadPart', fault: { kind: 'bandwidth', bytesPerSecond: 8_000_000 } });
const bytesIn = () => server.counters.of('UploadPart').requestBodyBytes;
const partsDone = () => server.counters.of('UploadPart').statuses['200'] ?? 0;

/** A large upload is under way, with a part done and others in flight. */
async function underWay(path = 'big.bin', folder = 'drop'): Promise<Buffer> {
  const bytes = noise(61 * MIB);
  rig.write(path, bytes, folder);
  await until('a part is done and others are in flight', () => partsDone() > 0 && bytesIn() > partsDone() * PART_BYTES);
  return bytes;
}

/** The promise itself is a time: what was on its way may come in for one second, then nothing more. */
async function expectSilence(): Promise<void> {
  await delay(PAUSE_LIMIT_MS);
  const { totalRequests } = server.counters.snapshot();
  const bytes = bytesIn();
  await delay(500);
  expect(bytesIn()).toBe(bytes);
  expect(server.counters.snapshot().totalRequests).toBe(totalRequests);
}

describe('P9: pause means pause', () => {
  it('of everything: transfers stop at their checkpoint within a second, also over a restart; resume goes on there', async () => {
    const hurry = slow();
    await rig.start();
    const bytes = await underWay();
    await rig.json('pause');
    await expectSilence();
    const done = partsDone();
    expect(await rig.status()).toMatchObject({ state: 'paused', pausedUntil: 'forever' });
    const item = await rig.item('big.bin');
    expect(item).toMatchObject({ state: 'pending', gate: 'paused', attempts: 0 });
    // A checkpoint: whole parts, none that the service has not.
    expect(item.bytesDone % PART_BYTES).toBe(0);
    expect(item.bytesDone).toBeLessThanOrEqual(done * PART_BYTES);

    await rig.stop();
    await rig.start();
    rig.write('small.txt', 'waits as well');
    await rig.untilItem('small.txt', 'pending');
    expect(await rig.item('small.txt')).toMatchObject({ gate: 'paused' });
    await expectSilence();
    expect((await rig.status()).state).toBe('paused');
    expect(await rig.bucket.keys()).toEqual([]);

    hurry();
    await rig.json('resume');
    await rig.untilItem('small.txt', 'succeeded');
    await rig.untilItem('big.bin', 'succeeded');
    expect(sha256((await rig.bucket.get('drop/big.bin'))!.body)).toBe(sha256(bytes));
    // P6: what was finished was not sent again.
    expect(bytesIn()).toBeLessThanOrEqual(bytes.length + PARTS_AT_ONCE * PART_BYTES);
    expect(server.counters.of('CreateMultipartUpload').requests).toBe(1);
  });

  it('for a time: it resumes by itself', async () => {
    await rig.start();
    const status = (await rig.json('pause', '--for', '4s')) as { pausedUntil: string };
    expect(Date.parse(status.pausedUntil)).toBeLessThanOrEqual(Date.now() + 4000);
    rig.write('a.txt', 'x');
    await rig.untilItem('a.txt', 'pending');
    await rig.untilItem('a.txt', 'succeeded');
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(status.pausedUntil));
    expect((await rig.status()).state).toBe('running');
  });

  it('of one folder: it stops, the other goes on', async () => {
    mkdirSync(rig.folder('other'));
    rig.configure({ folders: [rig.folderConfig('drop'), rig.folderConfig('other')] });
    const hurry = slow();
    await rig.start();
    const bytes = await underWay();
    await rig.json('pause', '--folder', 'drop');
    hurry();
    await expectSilence();
    rig.write('a.txt', 'goes on', 'other');
    await rig.untilStored('other/a.txt', 'goes on');
    const status = await rig.status();
    expect(status.state).toBe('running');
    expect(status.folders.map(({ name, state }) => [name, state])).toEqual([
      ['drop', 'paused'],
      ['other', 'ok'],
    ]);
    expect(status.gates).toEqual([expect.objectContaining({ gate: 'paused', scope: 'folder:drop' })]);
    await rig.json('resume', '--folder', 'drop');
    await rig.untilItem('big.bin', 'succeeded');
    expect(sha256((await rig.bucket.get('drop/big.bin'))!.body)).toBe(sha256(bytes));
    expect((await rig.cli('pause', '--folder', 'no-such')).exitCode).toBe(2);
  });

  it('of one item: it stops, the others go on; the hold survives a restart', async () => {
    const hurry = slow();
    await rig.start();
    await underWay();
    const { id } = await rig.item('big.bin');
    await rig.json('pause', id);
    hurry();
    await expectSilence();
    rig.write('a.txt', 'goes on');
    await rig.untilItem('a.txt', 'succeeded');
    await rig.stop();
    await rig.start();
    rig.write('b.txt', 'goes on');
    await rig.untilItem('b.txt', 'succeeded');
    expect(await rig.item('big.bin')).toMatchObject({ id, state: 'pending', gate: 'paused', pausedUntil: 'forever' });
    await rig.json('resume', id);
    await rig.untilItem('big.bin', 'succeeded');
  });

  it('a pause that was asked for while no engine runs holds from the first moment', async () => {
    await rig.start();
    await rig.stop();
    await rig.json('pause');
    server.counters.reset();
    rig.write('a.txt', 'x');
    await rig.start();
    await rig.untilItem('a.txt', 'pending');
    expect(await rig.status()).toMatchObject({ state: 'paused' });
    expect(server.counters.of('PutObject').requests).toBe(0);
    await rig.stop();
    await rig.json('resume');
    await rig.start();
    await rig.untilItem('a.txt', 'succeeded');
  });
});
