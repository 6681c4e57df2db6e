import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OperationView } from '../../../src/protocol/shapes.ts';
import { MIB, noise, QUICK_RETRY, Rig } from '../../support/engine-harness.ts';
import { afterBody, startFaultServer, type FaultServer } from '../../support/fault-server.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';

let server: StandIn;
let api: FaultServer;
let rig: Rig;
let calls = 0;
beforeAll(async () => {
  server = await startStandIn();
  api = await startFaultServer(
    afterBody((reply) => {
      calls += 1;
      reply.writeHead(200).end('{}');
    }),
  );
});
afterAll(async () => {
  await api.close();
  await server.close();
});
beforeEach(async () => {
  calls = 0;
  server.faults.clear();
  rig = await Rig.create(server);
  rig.configure({ providers: { crm: { baseUrl: api.url, retry: QUICK_RETRY } } });
});
afterEach(() => rig.close());

describe('one engine per data directory', () => {
  it('a second engine exits 5, at once, and names the first; commands go to the first', async () => {
    await rig.start();
    const second = await rig.spawn('run').ended;
    expect(second.exitCode).toBe(5);
    expect(second.err).toContain(String(process.pid));
    const once = await rig.spawn('--json', 'run', '--once').ended;
    expect(once.exitCode).toBe(5);
    expect(JSON.parse(once.err)).toMatchObject({ error: { kind: 'lock-held', exitCode: 5 } });
    expect((await rig.spawn('--json', 'status').ended).exitCode).toBe(0);
  });

  it('the lock goes with its holder, however that ends', async () => {
    const first = rig.spawn('run');
    await rig.untilEngine();
    await first.kill('SIGKILL');
    expect((await rig.cli('status')).exitCode).toBe(4);
    rig.write('a.txt', 'x');
    expect((await rig.spawn('run', '--once').ended).exitCode).toBe(0);
    expect(await rig.bucket.text('drop/a.txt')).toBe('x');
  });
});

describe('without an engine', () => {
  it('status, watch and --wait exit 4; --wait queues nothing', async () => {
    for (const args of [['status'], ['watch'], ['call', 'POST', 'crm:/x', '--wait']]) {
      const { exitCode, err } = await rig.cli(...args);
      expect([args[0], exitCode]).toEqual([args[0], 4]);
      expect(err).toMatch(/No engine is running/);
    }
    expect(await rig.ls()).toEqual([]);
  });

  it('P11: a command that makes the key of secrets says so, once, and to keep it', async () => {
    const first = await rig.cli('pause');
    expect(first).toMatchObject({ exitCode: 0, out: 'Paused everything until you resume.\n' });
    expect(first.err).toMatch(/key for secrets was made: .*data\.key.*Keep it with your backups/);
    expect((await rig.cli('resume')).err).toBe('');
  });

  it('reading where nothing ever was makes no database', async () => {
    for (const args of [['ls'], ['conflicts'], ['events']]) expect((await rig.cli('--json', ...args)).exitCode).toBe(0);
    expect(existsSync(`${rig.dataDir}/longshore.db`)).toBe(false);
  });

  it('P1: what is queued, held, cancelled, retried or resolved acts on the database and is done by the next engine', async () => {
    rig.write('ours.txt', 'ours');
    await rig.bucket.put('drop/ours.txt', 'theirs');
    server.faults.add({
      operation: 'PutObject',
      key: 'drop/failed.txt',
      times: 1,
      fault: { kind: 'error', status: 403, code: 'AccessDenied' },
    });
    rig.write('failed.txt', 'failed first');
    await rig.start();
    const conflict = await rig.untilItem('ours.txt', 'conflict');
    const failed = await rig.untilItem('failed.txt', 'failed');
    await rig.stop();

    const queued = (await rig.json('call', 'POST', 'crm:/kept')) as OperationView;
    const given = (await rig.json('call', 'POST', 'crm:/given-up')) as OperationView;
    const held = (await rig.json('call', 'POST', 'crm:/held')) as OperationView;
    expect(await rig.json('cancel', given.id)).toEqual({ cancelled: [given.id], refused: [] });
    await rig.json('pause', held.id);
    expect(await rig.json('retry', failed.id)).toEqual({ retried: [failed.id], refused: [] });
    expect(await rig.json('resolve', conflict.id, '--keep', 'local')).toEqual({ resolved: [conflict.id], refused: [] });
    expect(calls).toBe(0);
    expect((await rig.ls()).length).toBe(5);
    expect((await rig.show(queued.id)).state).toBe('pending');
    const { items } = (await rig.json('events')) as { items: unknown[] };
    expect(items.length).toBeGreaterThan(5);

    const once = await rig.spawn('--json', 'run', '--once').ended;
    expect(once.exitCode).toBe(3);
    const finished = JSON.parse(once.out.trim().split('\n').at(-1)!) as { type: string; attention: OperationView[] };
    expect(finished).toMatchObject({ type: 'run.finished', exitCode: 3 });
    expect(finished.attention.map(({ id }) => id)).toEqual([held.id]);
    expect(calls).toBe(1);
    expect(await rig.bucket.text('drop/ours.txt')).toBe('ours');
    expect(await rig.bucket.text('drop/failed.txt')).toBe('failed first');
  });

  it('a command waits for a short holder of the lock instead of failing', async () => {
    const results = await Promise.all(
      Array.from({ length: 4 }, (_, n) => rig.spawn('--json', 'call', 'POST', `crm:/${n}`).ended),
    );
    expect(results.map(({ exitCode, err }) => [exitCode, err])).toEqual(results.map(() => [0, '']));
    expect(await rig.ls()).toHaveLength(4);
  });
});

describe('run --once', () => {
  it('sends everything and exits 0; with nothing to do as well', async () => {
    for (let n = 0; n < 30; n += 1) rig.write(`f-${n}.txt`, `file ${n}`);
    expect((await rig.spawn('run', '--once').ended).exitCode).toBe(0);
    expect(await rig.bucket.keys()).toHaveLength(30);
    const again = await rig.cli('--json', 'run', '--once');
    expect(again.exitCode).toBe(0);
    expect(await rig.ls('--state', 'succeeded')).toHaveLength(30);
  });

  it('exits 3 with the list of what failed or is in conflict, in words too', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    server.faults.add({
      operation: 'PutObject',
      key: 'drop/b.txt',
      fault: { kind: 'error', status: 403, code: 'AccessDenied' },
    });
    rig.write('a.txt', 'ours');
    rig.write('b.txt', 'b');
    rig.write('c.txt', 'c');
    const words = await rig.cli('run', '--once');
    expect(words.exitCode).toBe(3);
    expect(words.out).toMatch(/2 items need attention/);
    const { exitCode, out } = await rig.cli('--json', 'run', '--once');
    expect(exitCode).toBe(3);
    const { attention } = JSON.parse(out.trim().split('\n').at(-1)!) as { attention: OperationView[] };
    expect(new Map(attention.map(({ path, state }) => [path, state]))).toEqual(
      new Map([
        ['a.txt', 'conflict'],
        ['b.txt', 'failed'],
      ]),
    );
    expect(await rig.bucket.text('drop/c.txt')).toBe('c');
  });

  it('P7: waits for a cleanup that has to be tried again', async () => {
    server.faults.add({ operation: 'UploadPart', fault: { kind: 'bandwidth', bytesPerSecond: 4_000_000 } });
    rig.write('big.bin', noise(31 * MIB));
    await rig.start();
    await expect.poll(() => rig.bucket.openUploads(), { timeout: 10_000 }).toHaveLength(1);
    await rig.stop();
    await rig.json('cancel', (await rig.item('big.bin')).id);
    server.faults.add({
      operation: 'AbortMultipartUpload',
      times: 3,
      fault: { kind: 'error', status: 503, code: 'SlowDown' },
    });
    expect((await rig.cli('run', '--once')).exitCode).toBe(0);
    expect(await rig.bucket.openUploads()).toEqual([]);
  });

  it('while paused: 3 at once, with what waits', async () => {
    await rig.json('pause');
    rig.write('a.txt', 'x');
    const start = performance.now();
    const { exitCode } = await rig.cli('--json', 'run', '--once');
    expect(exitCode).toBe(3);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(await rig.bucket.keys()).toEqual([]);
  });

  it('what is due in more than five minutes is not waited for', async () => {
    rig.configure({ destination: { retry: { initialDelay: '1h', maxDelay: '1h', jitter: 'none' } } });
    server.faults.add({ operation: 'PutObject', times: 1, fault: { kind: 'error', status: 503, code: 'SlowDown' } });
    rig.write('a.txt', 'x');
    const { exitCode, out } = await rig.cli('--json', 'run', '--once');
    expect(exitCode).toBe(3);
    expect(JSON.parse(out.trim().split('\n').at(-1)!)).toMatchObject({
      attention: [{ path: 'a.txt', state: 'waiting' }],
    });
  });

  it('an invalid configuration exits 2 and names file, line and key', async () => {
    rig.configure({ folder: { mood: 'drop' } });
    const { exitCode, err } = await rig.cli('run', '--once');
    expect(exitCode).toBe(2);
    expect(err).toMatch(/longshore\.json:\d+:\d+ .*folders/);
  });
});
