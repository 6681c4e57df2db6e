import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Rig, SERVERS, type TestServer } from '../../support/engine-harness.ts';
import { TestBucket } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

describe('a destination that can not be reached', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'longshore-s3-'));
  let server: StandIn;
  let rig: Rig;
  afterEach(async () => {
    await rig.close();
    await server.close();
  });
  afterAll(() => {
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('gates its work, counts no attempt, says so in words, and goes on when it is back', async () => {
    server = await startStandIn({ dataDir });
    const { port } = server;
    rig = await Rig.create(server);
    await server.close();
    rig.write('a.txt', 'patience');
    await rig.start();
    const waiting = await rig.untilItem('a.txt', 'pending', 20_000, (operation) => operation.gate === 'unreachable');
    expect(waiting).toMatchObject({ attempts: 0, error: { code: 'net.refused', class: 'unreachable' } });
    expect(waiting.next).not.toBeNull();
    const status = await rig.status();
    expect(status.gates).toEqual([expect.objectContaining({ gate: 'unreachable', scope: 'destination:main' })]);
    expect(status.gates[0]!.reason).toMatch(/Nothing answers/);
    expect(status.destinations).toMatchObject([{ name: 'main', state: 'unreachable', error: { code: 'net.refused' } }]);
    expect(status.counts).toMatchObject({ failed: 0, pending: 1 });
    server = await startStandIn({ dataDir, port });
    expect(await rig.untilItem('a.txt', 'succeeded')).toMatchObject({ attempts: 1, error: null });
    const after = await rig.status();
    expect(after.gates).toEqual([]);
    expect(after.destinations).toMatchObject([{ state: 'ok', error: null }]);
  });

  it('goes on in the middle of a large file when the service went away and came back', async () => {
    server = await startStandIn({ dataDir });
    const { port } = server;
    rig = await Rig.create(server);
    server.faults.add({ operation: 'UploadPart', fault: { kind: 'bandwidth', bytesPerSecond: 4_000_000 } });
    rig.write('big.bin', Buffer.alloc(21 * 1024 * 1024, 'x'));
    await rig.start();
    await until('a part is done', () => (server.counters.of('UploadPart').statuses['200'] ?? 0) > 0);
    await server.close();
    await rig.untilItem('big.bin', 'pending', 20_000, (operation) => operation.gate === 'unreachable');
    server = await startStandIn({ dataDir, port });
    await rig.untilItem('big.bin', 'succeeded');
    expect(server.counters.of('CreateMultipartUpload').requests).toBe(0);
    expect((await rig.bucket.get('drop/big.bin'))?.body.length).toBe(21 * 1024 * 1024);
    expect(await rig.bucket.openUploads()).toEqual([]);
  });

  it('P10: one dead destination does not hold up the others', async () => {
    server = await startStandIn({ dataDir });
    const dead = await startStandIn();
    await dead.close();
    rig = await Rig.create(server);
    rig.configure({
      folders: [rig.folderConfig('drop'), rig.folderConfig('stuck', { destination: 'dead' })],
      destinations: { dead: rig.destinationConfig({ endpoint: dead.endpoint }) },
    });
    rig.write('no.txt', 'no', 'stuck');
    for (let n = 0; n < 20; n += 1) rig.write(`yes-${n}.txt`, 'yes');
    await rig.start();
    for (let n = 0; n < 20; n += 1) await rig.untilItem(`yes-${n}.txt`, 'succeeded');
    const stuck = await rig.item('no.txt', 'stuck');
    expect(stuck).toMatchObject({ state: 'pending', gate: 'unreachable', attempts: 0 });
  });
});

describe.each(SERVERS)('refusals of %s', (name, startServer) => {
  let server: TestServer;
  let rig: Rig;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());
  afterEach(() => rig.close());

  it('P11: no such bucket is a failure with code, sentence, hint and history, and retry after mending works', async () => {
    rig = await Rig.create(server, {});
    rig.configure({ destination: { bucket: 'not-there-yet' } });
    rig.write('a.txt', 'x');
    await rig.start();
    const failed = await rig.untilItem('a.txt', 'failed');
    expect(failed.error).toMatchObject({ code: 's3.no-such-bucket', class: 'permanent' });
    expect(failed.error?.message).toMatch(/bucket does not exist/);
    expect(failed.error?.hint).toMatch(/retry/);
    expect((await rig.status()).attention.map(({ id }) => id)).toEqual([failed.id]);
    expect((await rig.show(failed.id)).events.map(({ to }) => to)).toContain('failed');
    // The same state is not queued again by a scan.
    await rig.rescan();
    expect(await rig.ls()).toHaveLength(1);
    const bucket = new TestBucket(server, 'not-there-yet');
    await bucket.make();
    expect(await rig.json('retry', failed.id)).toMatchObject({ retried: [failed.id], refused: [] });
    expect(await rig.untilItem('a.txt', 'succeeded')).toMatchObject({ id: failed.id, error: null });
    expect(await bucket.text('drop/a.txt')).toBe('x');
    bucket.close();
  });

  it('P2: a bucket’s name that is mended in the configuration is another place: every file goes there by itself', async () => {
    rig = await Rig.create(server, {});
    rig.configure({ destination: { bucket: 'mistyped' } });
    rig.write('a.txt', 'x');
    await rig.start();
    await rig.untilItem('a.txt', 'failed');
    rig.configure();
    await rig.untilItem('a.txt', 'succeeded');
    expect(await rig.bucket.text('drop/a.txt')).toBe('x');
    expect((await rig.ls()).map(({ state }) => state)).toEqual(['superseded', 'succeeded']);
  });

  // Moto checks no signatures unless it is made to.
  it.runIf(name === 'stand-in')('wrong credentials: failed, mended in the configuration, retried', async () => {
    rig = await Rig.create(server);
    rig.configure({ destination: { credentials: { ...server.credentials, secretAccessKey: 'wrong' } } });
    rig.write('a.txt', 'x');
    rig.write('b.txt', 'y');
    await rig.start();
    for (const path of ['a.txt', 'b.txt']) {
      const failed = await rig.untilItem(path, 'failed');
      expect(failed.error).toMatchObject({ code: 's3.bad-credentials', class: 'permanent' });
      expect(failed.error?.hint).toMatch(/secret key/);
    }
    rig.configure();
    await until('the mended configuration is in force', () => rig.log.some((line) => line.includes('in force now')));
    const reply = (await rig.json('retry', '--failed')) as { retried: string[] };
    expect(reply.retried).toHaveLength(2);
    await rig.untilItem('a.txt', 'succeeded');
    await rig.untilItem('b.txt', 'succeeded');
  });

  it.runIf(name === 'stand-in')('access denied: failed, allowed meanwhile, retried', async () => {
    const standIn = server as StandIn;
    rig = await Rig.create(server);
    const allow = standIn.faults.add({
      operation: ['PutObject', 'CreateMultipartUpload'],
      fault: { kind: 'error', status: 403, code: 'AccessDenied' },
    });
    rig.write('a.txt', 'x');
    await rig.start();
    const failed = await rig.untilItem('a.txt', 'failed');
    expect(failed).toMatchObject({ attempts: 1, error: { code: 's3.access-denied', class: 'permanent' } });
    expect(failed.error?.detail).toMatch(/AccessDenied/);
    allow();
    await rig.json('retry', failed.id);
    await rig.untilItem('a.txt', 'succeeded');
  });
});
