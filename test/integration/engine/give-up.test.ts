import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MIB, noise, Rig } from '../../support/engine-harness.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'longshore-s3-'));
let server: StandIn;
let rig: Rig;
beforeEach(async () => {
  server = await startStandIn({ dataDir });
  rig = await Rig.create(server);
});
afterEach(async () => {
  await rig.close();
  await server.close();
});
afterAll(() => {
  rmSync(dataDir, { recursive: true, force: true });
});

/** A large upload with finished parts. */
async function underWay(): Promise<() => void> {
  const hurry = server.faults.add({ operation: 'UploadPart', fault: { kind: 'bandwidth', bytesPerSecond: 4_000_000 } });
  rig.write('big.bin', noise(31 * MIB));
  await rig.start();
  await until('a part is done', () => (server.counters.of('UploadPart').statuses['200'] ?? 0) > 0);
  return hurry;
}
const noUploads = () => expect.poll(() => rig.bucket.openUploads(), { timeout: 15_000 }).toEqual([]);

describe('cancel', () => {
  it('P7: of a running upload stops it, aborts its parts, and leaves nothing', async () => {
    await underWay();
    const { id } = await rig.item('big.bin');
    expect(await rig.bucket.openUploads()).toHaveLength(1);
    expect(await rig.json('cancel', id)).toEqual({ cancelled: [id], refused: [] });
    expect(await rig.untilItem('big.bin', 'cancelled')).toMatchObject({ id, phase: 'ignored' });
    await noUploads();
    expect(await rig.bucket.keys()).toEqual([]);
    // Ignored by the user until it changes.
    await rig.rescan();
    expect(await rig.ls()).toHaveLength(1);
    rig.write('big.bin', 'smaller');
    await rig.untilStored('drop/big.bin', 'smaller');
  });

  it('of a pending, a waiting and a failed one; what is over is refused in words', async () => {
    server.faults.add({
      operation: 'PutObject',
      key: 'drop/failed.txt',
      fault: { kind: 'error', status: 403, code: 'AccessDenied' },
    });
    server.faults.add({
      operation: 'PutObject',
      key: 'drop/waiting.txt',
      fault: { kind: 'error', status: 503, code: 'SlowDown' },
    });
    rig.configure({ destination: { retry: { initialDelay: '1h', maxDelay: '1h', jitter: 'none' } } });
    await rig.start();
    rig.write('failed.txt', 'x');
    rig.write('waiting.txt', 'x');
    rig.write('done.txt', 'x');
    const failed = await rig.untilItem('failed.txt', 'failed');
    const waiting = await rig.untilItem('waiting.txt', 'waiting');
    const done = await rig.untilItem('done.txt', 'succeeded');
    await rig.json('pause');
    rig.write('pending.txt', 'x');
    const pending = await rig.untilItem('pending.txt', 'pending');
    const ids = [failed.id, waiting.id, pending.id];
    expect(await rig.json('cancel', ...ids)).toEqual({ cancelled: ids, refused: [] });
    const refused = await rig.cli('cancel', done.id);
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toMatch(/succeeded already/);
    await rig.json('resume');
    await rig.rescan();
    await rig.untilQuiet();
    expect((await rig.status()).counts).toMatchObject({ cancelled: 3, succeeded: 1, failed: 0 });
    expect(await rig.bucket.keys()).toEqual(['drop/done.txt']);
  });

  it('P7: while the service is away, or no engine runs, cleans up when it is back', async () => {
    await underWay();
    const { port } = server;
    await server.close();
    await rig.untilItem('big.bin', 'pending', 20_000, (operation) => operation.gate === 'unreachable');
    await rig.stop();
    const { id } = await rig.item('big.bin');
    await rig.json('cancel', id);
    expect(await rig.item('big.bin')).toMatchObject({ state: 'cancelled' });
    await rig.start();
    server = await startStandIn({ dataDir, port });
    await noUploads();
    expect(await rig.bucket.keys()).toEqual([]);
  });

  it('P7: an abort that fails is tried until it has succeeded', async () => {
    await underWay();
    server.faults.add({
      operation: 'AbortMultipartUpload',
      times: 2,
      fault: { kind: 'error', status: 503, code: 'SlowDown' },
    });
    await rig.json('cancel', (await rig.item('big.bin')).id);
    await rig.untilItem('big.bin', 'cancelled');
    await noUploads();
    await until('the third was answered', () => server.counters.of('AbortMultipartUpload').requests >= 3);
  });
});

describe('supersede', () => {
  it('P7: a newer state of a file aborts the upload of the older one, and lands itself', async () => {
    const hurry = await underWay();
    const [old] = await rig.bucket.openUploads();
    const newer = noise(26 * MIB);
    rig.write('big.bin', newer);
    hurry();
    await until('the newer state is there', async () => {
      const stored = await rig.bucket.get('drop/big.bin');
      return stored !== null && sha256(stored.body) === sha256(newer);
    });
    await noUploads();
    expect(
      server.counters
        .log()
        .some((request) => request.operation === 'AbortMultipartUpload' && request.uploadId === old!.id),
    ).toBe(true);
    await rig.untilQuiet();
    expect((await rig.ls()).map(({ state }) => state)).toEqual(['superseded', 'succeeded']);
  });

  it('ten quick edits end as the last one, with nothing open and nothing failed', async () => {
    await rig.start();
    for (let edit = 0; edit < 10; edit += 1) {
      rig.write('a.txt', `edit ${edit} ${'x'.repeat(edit * 100)}`);
      if (edit % 3 === 0) await until('it was noticed', async () => (await rig.ls()).length > edit / 3);
    }
    await rig.untilStored('drop/a.txt', `edit 9 ${'x'.repeat(900)}`);
    await rig.untilQuiet();
    const { counts } = await rig.status();
    expect(counts).toMatchObject({ failed: 0, conflict: 0 });
    expect((await rig.item('a.txt')).state).toBe('succeeded');
  });
});
