/** A pause that meets every kind of work half-way: what is open may be lost, nothing that is done is done again. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MIB, noise, PART_BYTES, Rig } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';
import type { OperationName } from '../../../tools/s3/operation-name.ts';

/** Within this nothing moves any more after a pause, ms (P9). */
const PAUSE_LIMIT_MS = 1000;
/** For one request, ms: so slow that also a busy machine says "pause" before all have gone. */
const SLOW_MS = 500;
const KIB = 1024;
const MIRROR = { mode: 'mirror', deletes: { grace: '0s', askAboveFiles: 10_000 } };

let server: StandIn;
let rig: Rig;
rigForEach(startStandIn, async (started) => {
  server = started;
  return (rig = await Rig.create(server));
});

const done = (operation: OperationName) => {
  const { statuses } = server.counters.of(operation);
  return (statuses['200'] ?? 0) + (statuses['204'] ?? 0);
};
const bytesIn = () =>
  server.counters.of('PutObject').requestBodyBytes + server.counters.of('UploadPart').requestBodyBytes;

/** Nothing that is seen from outside moves once a second has passed. */
async function expectStillness(look: () => unknown = () => null): Promise<void> {
  await delay(PAUSE_LIMIT_MS);
  const seen = () => {
    const { totalRequests, totalRequestBodyBytes } = server.counters.snapshot();
    return { totalRequests, totalRequestBodyBytes, sent: server.counters.of('GetObject').replyBodyBytes, more: look() };
  };
  const before = seen();
  await delay(500);
  expect(seen()).toEqual(before);
}

/** How often each key met this operation with success, by count: `{1: 40}` is 40 keys, once each. */
function timesPerKey(operation: OperationName): Record<number, number> {
  const keys = new Map<string, number>();
  for (const { operation: name, key = '', status = 0 } of server.counters.log())
    if (name === operation && status < 300 && key.startsWith('drop/')) keys.set(key, (keys.get(key) ?? 0) + 1);
  const counts: Record<number, number> = {};
  for (const count of keys.values()) counts[count] = (counts[count] ?? 0) + 1;
  return counts;
}

async function startWith(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) rig.write(`d/${index}`, `content ${index}`);
  await rig.start();
  await until('all is sent', async () => (await rig.status()).counts.succeeded === count);
  await until('the folder is at rest', async () => (await rig.status()).folders[0]?.lastScanAt !== null);
  server.counters.reset();
}

describe('P9: a pause in the middle of', () => {
  const COUNT = 60;

  it.each([
    ['deletes', 'DeleteObject', () => rmSync(rig.at('d'), { recursive: true })],
    ['copies at the service', 'CopyObject', () => renameSync(rig.at('d'), rig.at('e'))],
  ] as const)('%s: the rest waits, and each is done once', async (_, operation, act) => {
    rig.configure({ folder: MIRROR, destination: { limits: { concurrency: 4 } } });
    await startWith(COUNT);
    const goOn = server.faults.add({ operation, fault: { kind: 'latency', delayMs: SLOW_MS } });
    act();
    await until('some are done', () => done(operation) >= 8);
    await rig.json('pause');
    await expectStillness();
    const before = done(operation);
    expect(before).toBeLessThan(COUNT);
    expect((await rig.status()).counts.running).toBe(0);
    goOn();
    await rig.json('resume');
    await rig.untilQuiet();
    await until('the storage follows', async () => {
      const keys = await rig.bucket.keys();
      return operation === 'DeleteObject' ? keys.length === 0 : keys.every((key) => key.startsWith('drop/e/'));
    });
    expect(timesPerKey(operation)).toEqual({ 1: COUNT });
    expect(timesPerKey('PutObject')).toEqual({});
    expect((await rig.status()).counts).toMatchObject({ failed: 0, conflict: 0 });
  });

  it('P6: a download: bytes stop, and what has come is not fetched again', async () => {
    const bytes = noise(30 * MIB);
    await rig.bucket.put('drop/film.bin', bytes);
    await rig.start();
    server.counters.reset();
    const goOn = server.faults.add({ operation: 'GetObject', fault: { kind: 'bandwidth', bytesPerSecond: 4_000_000 } });
    await rig.json('restore', 'drop', 'film.bin');
    const running = async () => (await rig.item('film.bin')).bytesDone;
    // Between two checkpoints, which come every 8 MiB.
    await until('it is half-way', () => server.counters.of('GetObject').replyBodyBytes > 6 * MIB);
    await rig.json('pause');
    await expectStillness(() => readdirSync(rig.folder()));
    const kept = await running();
    expect(kept).toBeGreaterThan(2 * MIB);
    expect(kept % (8 * MIB)).not.toBe(0);
    expect(readdirSync(rig.folder())).not.toContain('film.bin');
    goOn();
    server.counters.reset();
    await rig.json('resume');
    await rig.untilItem('film.bin', 'succeeded');
    expect(sha256(readFileSync(rig.at('film.bin')))).toBe(sha256(bytes));
    expect(server.counters.of('GetObject').replyBodyBytes).toBe(bytes.length - kept);
    await rig.untilQuiet();
    expect(done('PutObject')).toBe(0);
  });

  it('P13: uploads whose files are archived: nothing moves here or there, and each is archived once', async () => {
    const archive = join(rig.base, 'archive');
    mkdirSync(archive);
    rig.configure({
      folder: { afterUpload: 'archive', archivePath: archive },
      destination: { limits: { concurrency: 4 } },
    });
    const goOn = server.faults.add({ operation: 'PutObject', fault: { kind: 'latency', delayMs: SLOW_MS } });
    for (let index = 0; index < COUNT; index += 1) rig.write(`${index}`, `content ${index}`);
    await rig.start();
    const archived = () => readdirSync(archive).length;
    await until('some are archived', () => archived() >= 8);
    await rig.json('pause');
    await expectStillness(archived);
    expect(archived()).toBeLessThan(COUNT);
    expect(archived() + readdirSync(rig.folder()).length).toBe(COUNT);
    goOn();
    await rig.json('resume');
    // The last one may stand in both places for a moment.
    await until('all are archived', () => archived() === COUNT && readdirSync(rig.folder()).length === 0);
    for (let index = 0; index < COUNT; index += 1)
      expect(readFileSync(join(archive, `${index}`), 'utf8')).toBe(`content ${index}`);
    // What had arrived when the pause came, and was not heard of, may have been sent again; no more than ran at once.
    expect(server.counters.of('PutObject').requests).toBeLessThanOrEqual(COUNT + 4);
  });
});

describe('P9: a pause under a bandwidth limit', () => {
  const limit = (uploadKiBps: number) => ({ sections: { limits: { uploadKiBps } } });

  it('of 64 KiB/s stops the one file that is open, and costs no more than was sent of it', async () => {
    rig.configure(limit(64));
    const [first, second] = [noise(2 * MIB), noise(2 * MIB)];
    rig.write('a.bin', first);
    rig.write('b.bin', second);
    await rig.start();
    await until('it is under way', () => bytesIn() > 96 * KIB);
    await rig.json('pause');
    await expectStillness();
    const lost = bytesIn();
    // One after the other: what is open of many is lost of many.
    expect(server.counters.of('PutObject').requests).toBe(1);
    rig.configure(limit(0));
    await rig.json('resume');
    await rig.untilItem('a.bin', 'succeeded');
    await rig.untilItem('b.bin', 'succeeded');
    expect(bytesIn()).toBe(first.length + second.length + lost);
    expect(sha256((await rig.bucket.get('drop/a.bin'))!.body)).toBe(sha256(first));
  });

  it('P6: of 1 MiB/s: parts are small and go one by one, so that pauses do not keep a file from getting on', async () => {
    rig.configure({ ...limit(KIB), destination: { partSizeMiB: 64 } });
    const bytes = noise(41 * MIB);
    rig.write('big.bin', bytes);
    await rig.start();
    await until('a part is done', () => done('UploadPart') > 0, 40_000);
    await rig.json('pause');
    await expectStillness();
    const sent = bytesIn();
    const kept = (await rig.item('big.bin')).bytesDone;
    expect(kept).toBeGreaterThanOrEqual(PART_BYTES);
    expect(sent - kept).toBeLessThanOrEqual(10 * MIB + 64 * KIB);
    rig.configure({ ...limit(0), destination: { partSizeMiB: 64 } });
    await rig.json('resume');
    await rig.untilItem('big.bin', 'succeeded');
    expect(sha256((await rig.bucket.get('drop/big.bin'))!.body)).toBe(sha256(bytes));
    expect(bytesIn()).toBe(bytes.length + sent - kept);
    expect(server.counters.of('CreateMultipartUpload').requests).toBe(1);
  });

  it('P7: what was begun in parts is ended in parts, though its parts would be larger now than the file', async () => {
    const slow = server.faults.add({
      operation: 'UploadPart',
      fault: { kind: 'bandwidth', bytesPerSecond: 4_000_000 },
    });
    const bytes = noise(12 * MIB);
    rig.write('big.bin', bytes);
    await rig.start();
    await until('a part is done', () => done('UploadPart') > 0);
    await rig.json('pause');
    rig.configure({ destination: { partSizeMiB: 16 } });
    await until('it is in force', () => rig.log.some((line) => line.includes('in force now')));
    slow();
    await rig.json('resume');
    await rig.untilItem('big.bin', 'succeeded');
    expect(sha256((await rig.bucket.get('drop/big.bin'))!.body)).toBe(sha256(bytes));
    expect(await rig.bucket.openUploads()).toEqual([]);
    expect(server.counters.of('PutObject').requests).toBe(0);
  });
});
