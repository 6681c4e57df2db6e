import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { ExecutorRig, stopWith, type RigOptions } from '../../support/executor-rig.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import type { OperationName } from '../../../tools/s3/operation-name.ts';
import { noise } from '../../support/engine-harness.ts';

const PART = 64 * 1024;

let server: StandIn;
let rig: ExecutorRig;
beforeAll(async () => {
  server = await startStandIn({ minPartSizeBytes: PART });
});
afterAll(() => server.close());
beforeEach(async () => {
  server.faults.clear();
  rig = await ExecutorRig.create(server);
  server.counters.reset();
});
afterEach(() => rig.close());

const another = async (options: RigOptions) => {
  rig.close();
  rig = await ExecutorRig.create(server, options);
};
const requests = (operation: OperationName) => server.counters.of(operation).requests;

describe('a move', () => {
  it('is a copy at the service, then the old object goes; no byte is sent', async () => {
    await rig.uploaded('a.txt', 'content');
    const { base } = rig.row('a.txt')!;
    const operation = await rig.moved('a.txt', 'd/b.txt');
    server.counters.reset();
    const done = await rig.run(operation);
    expect(done).toMatchObject({
      state: 'succeeded',
      verified: true,
      bytesDone: 7,
      externalUrl: 'http://store/drop/d/b.txt',
    });
    expect(requests('PutObject')).toBe(0);
    expect(requests('CopyObject')).toBe(1);
    expect(await rig.bucket.keys()).toEqual(['drop/d/b.txt']);
    const stored = (await rig.bucket.get('drop/d/b.txt'))!;
    expect(stored.body.toString()).toBe('content');
    expect(stored.contentType).toBe('text/plain');
    expect(stored.metadata['longshore-op']).toBe(operation.id);
    expect(rig.row('d/b.txt')).toMatchObject({
      base: { etag: stored.etag },
    });
    expect(rig.row('d/b.txt')?.checksum).toMatch(/^CRC64NVME:/);
    expect(rig.row('a.txt')).toMatchObject({ base: null });
    expect(base!.etag).toBe(stored.etag);
  });

  it('P10: its drive does not answer: the folder looks at it at once, so that its silence holds what waits', async () => {
    await rig.uploaded('a.txt', 'content');
    const operation = await rig.moved('a.txt', 'b.txt');
    const silent = () => Promise.reject(new LongshoreError('folder.silent', { subject: rig.tree.root }));
    rig.files.open = silent;
    rig.files.stat = silent;
    expect(await rig.attempt(operation)).toMatchObject({ state: 'waiting', error: { code: 'folder.silent' } });
    expect(rig.hints).toContain('b.txt');
  });

  it('in drop mode the old object stays, and so does what is known of it', async () => {
    await rig.uploaded('a.txt', 'content');
    await rig.run(await rig.moved('a.txt', 'b.txt', { deleteSource: false }));
    expect(await rig.bucket.keys()).toEqual(['drop/a.txt', 'drop/b.txt']);
    expect(rig.row('a.txt')!.base).not.toBeNull();
  });

  it('P4: a move from a time of mirror mode leaves the old object where it is once the folder is in drop mode', async () => {
    await another({ rules: { mode: 'drop' } });
    await rig.uploaded('a.txt', 'content');
    expect(await rig.run(await rig.moved('a.txt', 'b.txt'))).toMatchObject({ state: 'succeeded' });
    expect(await rig.bucket.keys()).toEqual(['drop/a.txt', 'drop/b.txt']);
    expect(rig.row('a.txt')!.base).not.toBeNull();
  });

  it('a chain: each old object goes, nothing is lost', async () => {
    for (const name of ['a', 'b', 'c']) await rig.uploaded(`${name}.txt`, name);
    const second = await rig.moved('c.txt', 'd.txt');
    const first = await rig.moved('b.txt', 'c.txt');
    const zeroth = await rig.moved('a.txt', 'b.txt');
    for (const operation of [second, first, zeroth])
      expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
    expect(await rig.bucket.keys()).toEqual(['drop/b.txt', 'drop/c.txt', 'drop/d.txt']);
    expect(await rig.bucket.text('drop/b.txt')).toBe('a');
    expect(await rig.bucket.text('drop/c.txt')).toBe('b');
    expect(await rig.bucket.text('drop/d.txt')).toBe('c');
  });

  it('P3: a file whose content is not the recorded one is sent, not copied', async () => {
    await rig.uploaded('a.txt', 'content');
    rig.tree.write('a.txt', 'CONTENT');
    expect(await rig.run(await rig.moved('a.txt', 'b.txt'))).toMatchObject({ state: 'succeeded', verified: true });
    expect(await rig.bucket.text('drop/b.txt')).toBe('CONTENT');
    expect(await rig.bucket.keys()).toEqual(['drop/b.txt']);
    expect(requests('CopyObject')).toBe(0);
  });

  it('P4: the old object changed there: the file is sent, and theirs stays as a conflict about the old name', async () => {
    await rig.uploaded('a.txt', 'content');
    const operation = await rig.moved('a.txt', 'b.txt');
    const theirs = await rig.bucket.put('drop/a.txt', 'theirs');
    const conflict = await rig.run(operation);
    expect(conflict).toMatchObject({
      state: 'conflict',
      error: { code: 'conflict.changed' },
      remote: { etag: theirs },
    });
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
    expect(await rig.bucket.text('drop/b.txt')).toBe('content');
    expect(rig.row('b.txt')!.base).not.toBeNull();
  });

  it('the old object is gone there: the file is sent', async () => {
    await rig.uploaded('a.txt', 'content');
    const operation = await rig.moved('a.txt', 'b.txt');
    await rig.bucket.remove('drop/a.txt');
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
    expect(await rig.bucket.keys()).toEqual(['drop/b.txt']);
    expect(await rig.bucket.text('drop/b.txt')).toBe('content');
  });

  it('P4: another file has the new name there: a conflict about the new name, and the old object stays', async () => {
    await rig.uploaded('a.txt', 'content');
    const theirs = await rig.bucket.put('drop/b.txt', 'theirs');
    const conflict = await rig.run(await rig.moved('a.txt', 'b.txt'));
    expect(conflict).toMatchObject({ state: 'conflict', error: { code: 'conflict.exists' }, remote: { etag: theirs } });
    expect(conflict.memo['placed']).toBeUndefined();
    expect(await rig.bucket.text('drop/b.txt')).toBe('theirs');
    expect(await rig.bucket.text('drop/a.txt')).toBe('content');
  });

  it('the same content is there under the new name already: nothing is sent, the old object goes', async () => {
    await rig.uploaded('a.txt', 'content');
    await rig.bucket.put('drop/b.txt', 'content');
    expect(await rig.run(await rig.moved('a.txt', 'b.txt'))).toMatchObject({ state: 'succeeded' });
    expect(await rig.bucket.keys()).toEqual(['drop/b.txt']);
    expect(requests('PutObject')).toBe(2);
  });

  it('a service that does not copy gets the bytes', async () => {
    await rig.uploaded('a.txt', 'content');
    server.faults.add({
      operation: 'CopyObject',
      fault: { kind: 'error', status: 501, code: 'NotImplemented', when: 'before-effect' },
    });
    const done = await rig.run(await rig.moved('a.txt', 'b.txt'));
    expect(done).toMatchObject({ state: 'succeeded', verified: true, memo: { sending: true } });
    expect(await rig.bucket.keys()).toEqual(['drop/b.txt']);
    expect(requests('PutObject')).toBe(2);
  });

  it('P5: a copy whose reply was lost is recognised, not made twice', async () => {
    await rig.uploaded('a.txt', 'content');
    server.faults.add({ operation: 'CopyObject', times: 1, fault: { kind: 'reset', when: 'after-effect' } });
    const operation = await rig.moved('a.txt', 'b.txt');
    server.counters.reset();
    expect(await rig.attempt(operation)).toMatchObject({ state: 'waiting', error: { code: 'net.reset' } });
    expect(await rig.bucket.text('drop/b.txt')).toBe('content');
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded', verified: true });
    expect(requests('PutObject')).toBe(0);
    expect(await rig.bucket.keys()).toEqual(['drop/b.txt']);
  });

  it('P4: where the service ignores conditions on copies, looks right before stand in', async () => {
    await another({ honours: () => false });
    server.ignoredConditions.add('copy');
    onTestFinished(() => server.ignoredConditions.clear());
    await rig.uploaded('a.txt', 'content');
    await rig.uploaded('c.txt', 'content of c');
    await rig.bucket.put('drop/d.txt', 'theirs');
    expect(await rig.run(await rig.moved('a.txt', 'b.txt'))).toMatchObject({ state: 'succeeded' });
    expect(await rig.run(await rig.moved('c.txt', 'd.txt'))).toMatchObject({ state: 'conflict' });
    expect(await rig.bucket.text('drop/d.txt')).toBe('theirs');
  });

  it('a new name that was replaced here goes over its own old object, under its version', async () => {
    await rig.uploaded('a.txt', 'content of a');
    await rig.uploaded('b.txt', 'content of b');
    const { base } = rig.row('b.txt')!;
    const operation = await rig.moved('a.txt', 'b.txt');
    rig.know('b.txt', { base });
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
    expect(await rig.bucket.text('drop/b.txt')).toBe('content of a');
    expect(await rig.bucket.keys()).toEqual(['drop/b.txt']);
  });

  it('an empty file moves too', async () => {
    await rig.uploaded('a.txt', '');
    expect(await rig.run(await rig.moved('a.txt', 'b.txt'))).toMatchObject({ state: 'succeeded' });
    expect(await rig.bucket.text('drop/b.txt')).toBe('');
  });

  it('the file changed before it was sent: the attempt ends, the directory is looked at, the old object stays', async () => {
    await rig.uploaded('a.txt', 'content');
    const operation = await rig.moved('a.txt', 'b.txt');
    rig.tree.write('b.txt', 'edited');
    expect(await rig.attempt(operation)).toMatchObject({ state: 'waiting', error: { code: 'local.changed' } });
    expect(rig.hints).toContain('b.txt');
    expect(await rig.bucket.keys()).toEqual(['drop/a.txt']);
  });
});

describe('a move above what one copy may have', () => {
  const content = noise(PART * 3 + 17);
  beforeEach(async () => {
    await another({ partSizeBytes: PART, copyLimitBytes: PART });
  });

  it('is copied in parts and compared', async () => {
    await rig.uploaded('a.bin', content);
    const operation = await rig.moved('a.bin', 'b.bin');
    server.counters.reset();
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded', verified: true });
    expect(requests('UploadPart')).toBe(0);
    expect(requests('UploadPartCopy')).toBe(4);
    expect(sha256((await rig.bucket.get('drop/b.bin'))!.body)).toBe(sha256(content));
    expect(await rig.bucket.keys()).toEqual(['drop/b.bin']);
    expect(await rig.bucket.openUploads()).toEqual([]);
  });

  it('P6: a death between two parts: no finished part is copied again', async () => {
    await rig.uploaded('a.bin', content);
    const operation = await rig.moved('a.bin', 'b.bin');
    await rig.uploaded('count.bin', content);
    const { log } = await rig.countCalls(await rig.moved('count.bin', 'counted.bin'));
    const call = log.indexOf('store.copyPart') + 1;
    await rig.die(operation, { call, when: 'after' });
    server.counters.reset();
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded', verified: true });
    // The first one's reply was lost with the engine: it is listed, and its checksum is ours.
    expect(requests('UploadPartCopy')).toBe(3);
    expect(await rig.bucket.openUploads()).toEqual([]);
  });

  it('P9: a pause between two parts: nothing more is copied, and no finished part is copied again', async () => {
    await rig.uploaded('a.bin', content);
    const operation = await rig.moved('a.bin', 'b.bin');
    const copyPart = rig.store.copyPart.bind(rig.store);
    const pause = new AbortController();
    let parts = 0;
    rig.store = Object.assign(Object.create(rig.store) as typeof rig.store, {
      copyPart: async (...args: Parameters<typeof copyPart>) => {
        const reply = await copyPart(...args);
        parts += 1;
        if (parts === 2) stopWith(pause, 'pause');
        return reply;
      },
    });
    server.counters.reset();
    expect(await rig.attempt(operation, pause.signal)).toMatchObject({ state: 'pending', attempts: 0 });
    expect(requests('UploadPartCopy')).toBe(2);
    expect(await rig.bucket.keys()).toEqual(['drop/a.bin']);
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded', verified: true });
    expect(requests('UploadPartCopy')).toBe(4);
    expect(requests('CreateMultipartUpload')).toBe(1);
    expect(requests('UploadPart')).toBe(0);
    expect(await rig.bucket.keys()).toEqual(['drop/b.bin']);
  });

  it('P7: the source is replaced in the middle: the rest is sent, and no upload stays open', async () => {
    await rig.uploaded('a.bin', content);
    const operation = await rig.moved('a.bin', 'b.bin', { deleteSource: false });
    const copyPart = rig.store.copyPart.bind(rig.store);
    let parts = 0;
    rig.store = Object.assign(Object.create(rig.store) as typeof rig.store, {
      copyPart: async (...args: Parameters<typeof copyPart>) => {
        parts += 1;
        if (parts === 3) await rig.bucket.put('drop/a.bin', 'theirs');
        return await copyPart(...args);
      },
    });
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded', verified: true });
    expect(sha256((await rig.bucket.get('drop/b.bin'))!.body)).toBe(sha256(content));
    expect(await rig.bucket.openUploads()).toEqual([]);
    expect(await rig.bucket.text('drop/a.bin')).toBe('theirs');
  });
});

describe.each([
  ['one copy', {}, 'content'],
  ['a copy in parts', { partSizeBytes: PART, copyLimitBytes: PART }, noise(PART * 2 + 5)],
] as const)('P5: a death at any call of a move by %s', (_title, options, content) => {
  it('leaves the same end: one object under the new name, none under the old, no open upload', async () => {
    await another(options);
    await rig.uploaded('count', content);
    const { calls, log } = await rig.countCalls(await rig.moved('count', 'counted'));
    expect(log).toContain('store.remove');
    for (let call = 1; call <= calls; call += 1) {
      for (const when of ['before', 'after'] as const) {
        const [from, to] = [`${when}-${call}`, `${when}-${call}-moved`];
        await rig.uploaded(from, content);
        const operation = await rig.moved(from, to);
        await rig.die(operation, { call, when });
        expect(await rig.run(operation), `${when} call ${call} (${log[call - 1]})`).toMatchObject({
          state: 'succeeded',
        });
        expect(sha256((await rig.bucket.get(`drop/${to}`))!.body)).toBe(sha256(content));
        expect(await rig.bucket.get(`drop/${from}`)).toBeNull();
        expect(rig.row(from)!.base).toBeNull();
        expect(rig.row(to)!.base).not.toBeNull();
      }
    }
    // What a lost Create left behind is the janitor's, and it knows of it.
    const open = await rig.bucket.openUploads();
    expect(open.length).toBeLessThanOrEqual(rig.repos.cleanups.count());
  }, 60_000);
});
