import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rig, SERVERS, type TestServer } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';

interface Undone {
  readonly undone: readonly { readonly id: string; readonly operationId: string }[];
}

/** Ours was stored, both sides changed it, and it was decided: the decided operation, done. */
async function decided(rig: Rig, keep: 'local' | 'remote' | 'both'): Promise<string> {
  rig.write('a.txt', 'ours');
  await rig.start();
  const first = await rig.untilItem('a.txt', 'succeeded');
  await rig.bucket.put('drop/a.txt', 'theirs');
  rig.write('a.txt', 'ours, edited');
  const conflict = await rig.untilItem('a.txt', 'conflict', 20_000, ({ id }) => id !== first.id);
  await rig.json('resolve', conflict.id, '--keep', keep);
  await rig.untilItem('a.txt', 'succeeded');
  return conflict.id;
}

async function undo(rig: Rig, id: string): Promise<string> {
  const { undone } = (await rig.json('undo', id)) as Undone;
  expect(undone).toMatchObject([{ id }]);
  return undone[0]!.operationId;
}

describe.each(SERVERS)('undo of decisions against %s', (_name, startServer) => {
  let server: TestServer;
  let rig: Rig;
  rigForEach(startServer, async (started) => {
    server = started;
    return (rig = await Rig.create(server));
  });

  /** The next scan is quiet, and the next edit replaces what is there without a question. */
  async function expectSettled(): Promise<void> {
    await rig.untilQuiet();
    const before = await rig.ls();
    await rig.rescan();
    expect(await rig.ls()).toEqual(before);
    rig.write('a.txt', 'edited afterwards');
    await rig.untilStored('drop/a.txt', 'edited afterwards');
  }

  it('keep local: the service copies their version back, and both steps stand in the history', async () => {
    await rig.bucket.enableVersioning();
    const id = await decided(rig, 'local');
    expect(await rig.bucket.text('drop/a.txt')).toBe('ours, edited');
    const by = await undo(rig, id);
    await rig.untilStored('drop/a.txt', 'theirs');
    const detail = await rig.show(id);
    expect(detail.events.map(({ type }) => type)).toContain('undone');
    const restoring = await rig.untilItem('a.txt', 'succeeded', 20_000, (item) => item.id === by);
    expect((await rig.show(restoring.id)).events.at(-1)?.details).toMatchObject({ result: 'version-restored' });
    // The local file is not touched (P13).
    expect(readFileSync(rig.at('a.txt'), 'utf8')).toBe('ours, edited');
    expect((await rig.cli('undo', id)).err).toMatch(/undone already/);
    await expectSettled();
  });

  it('local-wins: a strategy’s decision is undone like a person’s', async () => {
    await rig.bucket.enableVersioning();
    rig.configure({ folder: { conflict: 'local-wins' } });
    rig.write('a.txt', 'ours');
    await rig.start();
    const first = await rig.untilItem('a.txt', 'succeeded');
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours, edited');
    const item = await rig.untilItem('a.txt', 'succeeded', 20_000, ({ id }) => id !== first.id);
    await undo(rig, item.id);
    await rig.untilStored('drop/a.txt', 'theirs');
  });

  it('P11: keep local in a bucket without versions: refused in words', async () => {
    const id = await decided(rig, 'local');
    const refused = await rig.cli('undo', id);
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toMatch(/keeps no old versions of this bucket/);
    expect(await rig.bucket.text('drop/a.txt')).toBe('ours, edited');
  });

  it('keep remote: ours goes up after all', async () => {
    const id = await decided(rig, 'remote');
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
    await undo(rig, id);
    await rig.untilStored('drop/a.txt', 'ours, edited');
    await expectSettled();
  });

  it('keep both: nothing was replaced, and it says where both are', async () => {
    const id = await decided(rig, 'both');
    const keys = await rig.bucket.keys();
    const refused = await rig.cli('undo', id);
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toContain('nothing was replaced');
    expect(await rig.bucket.keys()).toEqual(keys);
  });

  it('P4: what another put there meanwhile is not replaced by an undo', async () => {
    await rig.bucket.enableVersioning();
    const id = await decided(rig, 'local');
    await rig.bucket.put('drop/a.txt', 'a third hand');
    const by = await undo(rig, id);
    const failed = await rig.untilItem('a.txt', 'failed', 20_000, (item) => item.id === by);
    expect(failed.error?.code).toBe('undo.overtaken');
    expect(await rig.bucket.text('drop/a.txt')).toBe('a third hand');
  });

  it('works without an engine: the command line queues it, the next run does it', async () => {
    await rig.bucket.enableVersioning();
    const id = await decided(rig, 'local');
    await rig.stop();
    await undo(rig, id);
    await rig.start();
    await rig.untilStored('drop/a.txt', 'theirs');
  });
});

describe('undo on a service in trouble', () => {
  let server: StandIn;
  let rig: Rig;
  beforeEach(async () => {
    server = await startStandIn();
    rig = await Rig.create(server);
    await rig.bucket.enableVersioning();
  });
  afterEach(async () => {
    await rig.close();
    await server.close();
  });

  it('P5: a copy whose reply was lost is recognised as our own', async () => {
    const id = await decided(rig, 'local');
    server.faults.add({
      operation: 'CopyObject',
      key: 'drop/a.txt',
      times: 1,
      fault: { kind: 'reset', when: 'after-effect' },
    });
    const by = await undo(rig, id);
    await rig.untilItem('a.txt', 'succeeded', 20_000, (item) => item.id === by);
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
    expect((await rig.bucket.history()).get('drop/a.txt')).toHaveLength(4);
  });

  it('P4: where the service ignores the conditions of a copy a look stands in', async () => {
    server.ignoredConditions.add('copy');
    const id = await decided(rig, 'local');
    await rig.bucket.put('drop/a.txt', 'a third hand');
    const by = await undo(rig, id);
    const failed = await rig.untilItem('a.txt', 'failed', 20_000, (item) => item.id === by);
    expect(failed.error?.code).toBe('undo.overtaken');
    expect(await rig.bucket.text('drop/a.txt')).toBe('a third hand');
  });

  it('P4: two that both let their side win come to an end, by the retry policy', async () => {
    rig.configure({
      folder: { conflict: 'local-wins' },
      destination: { retry: { maxAttempts: 2, initialDelay: '10ms', jitter: 'none' } },
    });
    rig.write('a.txt', 'ours');
    await rig.start();
    const first = await rig.untilItem('a.txt', 'succeeded');
    const rival = server.faults.add({
      operation: 'PutObject',
      key: 'drop/a.txt',
      fault: { kind: 'error', status: 412, code: 'PreconditionFailed' },
    });
    let turn = 0;
    const theirs = setInterval(() => {
      turn += 1;
      void other.put('drop/a.txt', `theirs ${turn}`).catch(() => undefined);
    }, 5);
    const other = rig.bucket;
    rig.write('a.txt', 'ours, edited');
    try {
      const ended = await rig.untilItem('a.txt', 'failed', 20_000, ({ id }) => id !== first.id);
      expect(ended).toMatchObject({ attempts: 2, error: { code: 's3.busy' } });
      expect(ended.error?.detail).toMatch(/again and again/);
    } finally {
      clearInterval(theirs);
      rival();
    }
  });

  it('keep both: a name that is taken there as well gets a counter', async () => {
    rig.write('a.txt', 'ours');
    await rig.start();
    const first = await rig.untilItem('a.txt', 'succeeded');
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours, edited');
    const conflict = await rig.untilItem('a.txt', 'conflict', 20_000, ({ id }) => id !== first.id);
    await rig.json('pause');
    await rig.json('resolve', conflict.id, '--keep', 'both');
    const besideKey = (await rig.show(conflict.id)).events.at(-1)?.details['besideKey'] as string;
    await rig.bucket.put(besideKey, 'somebody has that name');
    await rig.json('resume');
    await rig.untilItem('a.txt', 'succeeded');
    expect(await rig.bucket.text(besideKey)).toBe('somebody has that name');
    const counted = (await rig.bucket.keys()).find((key) => key.endsWith(' 2).txt'))!;
    expect(await rig.bucket.text(counted)).toBe('ours, edited');
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
  });
});
