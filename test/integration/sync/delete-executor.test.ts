import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ExecutorRig, type RigOptions } from '../../support/executor-rig.ts';
import type { DeleteMemo } from '../../../src/sync/specs.ts';
import { METADATA_OPERATION } from '../../../src/sync/object-metadata.ts';
import { eventTypes, lease, must, uploadSpecFor } from '../../support/outbox.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';

let server: StandIn;
let rig: ExecutorRig;
beforeAll(async () => {
  server = await startStandIn();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.faults.clear();
  server.counters.reset();
  rig = await ExecutorRig.create(server);
});
afterEach(() => rig.close());

const another = async (options: RigOptions) => {
  rig.close();
  rig = await ExecutorRig.create(server, options);
};

describe('a delete follows', () => {
  it('removes exactly the known version; the inventory forgets it', async () => {
    await rig.uploaded('a.txt', 'one');
    const { base } = rig.row('a.txt')!;
    const done = await rig.run(rig.deleted('a.txt'));
    expect(done).toMatchObject({ state: 'succeeded', base: { etag: base!.etag }, remote: null, error: null });
    expect(await rig.bucket.keys()).toEqual([]);
    expect(rig.row('a.txt')).toMatchObject({ base: null, checksum: null, fingerprint: null });
  });

  it('where nothing of ours is known nothing is asked', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.know('a.txt', {});
    server.counters.reset();
    expect(await rig.run(rig.deleted('a.txt'))).toMatchObject({ state: 'succeeded' });
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
  });

  it('what is gone already is done', async () => {
    await rig.uploaded('a.txt', 'one');
    await rig.bucket.remove('drop/a.txt');
    expect(await rig.run(rig.deleted('a.txt'))).toMatchObject({ state: 'succeeded' });
    expect(rig.row('a.txt')!.base).toBeNull();
  });

  it('P2: a write of ours that was given up for it, and arrives late, leaves no object', async () => {
    rig.tree.write('a.txt', 'one');
    const { fingerprint, sizeBytes, mtimeMs } = await rig.state('a.txt');
    const spec = uploadSpecFor('drop/a.txt', { fingerprint, sizeBytes, mtimeMs });
    const upload = rig.insert('file.upload', 'a.txt', 'drop/a.txt', spec);
    rig.know('a.txt', { fingerprint, operation: upload.id });
    const leased = lease(rig.outbox, upload);
    rig.repos.operations.transition(must(rig.repos.operations.transition(leased, 'release')), 'supersede');
    const run = rig.run(rig.deleted('a.txt'));
    // What the service has received it carries out, with nobody on the line any more.
    await rig.bucket.put('drop/a.txt', 'one', { [METADATA_OPERATION]: upload.id });
    rig.outbox.clock.advance(2000);
    expect(await run).toMatchObject({ state: 'succeeded' });
    expect(await rig.bucket.keys()).toEqual([]);
  });

  it('P4: another version is not deleted: a conflict with both versions', async () => {
    await rig.uploaded('a.txt', 'one');
    const { base } = rig.row('a.txt')!;
    const operation = rig.deleted('a.txt');
    const theirs = await rig.bucket.put('drop/a.txt', 'theirs');
    const conflict = await rig.run(operation);
    expect(conflict).toMatchObject({
      state: 'conflict',
      error: { code: 'conflict.changed' },
      base: { etag: base!.etag },
      remote: { etag: theirs, sizeBytes: 6 },
    });
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
  });

  it('local-wins: theirs goes as well, and both versions are in the history', async () => {
    await another({ rules: { strategy: 'local-wins' } });
    await rig.uploaded('a.txt', 'one');
    const operation = rig.deleted('a.txt');
    await rig.bucket.put('drop/a.txt', 'theirs');
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
    expect(await rig.bucket.keys()).toEqual([]);
    expect(eventTypes(rig.outbox, operation)).toContain('resolved');
  });

  it('a file that is there again keeps its object: the delete is moot', async () => {
    await rig.uploaded('a.txt', 'one');
    const operation = rig.deleted('a.txt');
    rig.tree.write('a.txt', 'back');
    rig.know('a.txt', { fingerprint: (await rig.state('a.txt')).fingerprint });
    expect(await rig.run(operation)).toMatchObject({ state: 'superseded' });
    expect(await rig.bucket.text('drop/a.txt')).toBe('one');
  });

  it('a write of ours that was never recorded goes too', async () => {
    await rig.uploaded('a.txt', 'one');
    // The second upload arrived; its reply and all trace of it in the inventory were lost.
    const known = rig.row('a.txt')!;
    await rig.uploaded('a.txt', 'two!');
    rig.know('a.txt', { base: known.base, checksum: known.checksum });
    const [lost] = rig.outbox.db.prepare('SELECT id FROM operations ORDER BY seq DESC LIMIT 1').all() as {
      id: string;
    }[];
    rig.outbox.db.prepare("UPDATE operations SET state = 'cancelled' WHERE id = ?").run(lost!.id);
    rig.outbox.clock.advance(2000);
    expect(await rig.run(rig.deleted('a.txt'))).toMatchObject({ state: 'succeeded' });
    expect(await rig.bucket.keys()).toEqual([]);
  });

  it('in a bucket with versions the delete marker and the version are remembered, so that an undo finds them', async () => {
    await rig.bucket.enableVersioning();
    await rig.uploaded('a.txt', 'one');
    const { base } = rig.row('a.txt')!;
    expect(base!.versionId).not.toBeNull();
    const done = await rig.run(rig.deleted('a.txt'));
    const memo = done.memo as DeleteMemo;
    expect(memo.removed).toEqual({ etag: base!.etag, versionId: base!.versionId });
    expect(memo.markerVersionId).toMatch(/./);
    expect(done.externalId).toBe(memo.markerVersionId);
    expect(await rig.bucket.text('drop/a.txt')).toBeNull();
  });

  it('P4: where the service ignores conditions on deletes, a look right before stands in', async () => {
    await another({ honours: () => false });
    server.ignoredConditions.add('delete');
    onTestFinished(() => server.ignoredConditions.clear());
    await rig.uploaded('a.txt', 'one');
    await rig.uploaded('b.txt', 'one');
    const [a, b] = [rig.deleted('a.txt'), rig.deleted('b.txt')];
    await rig.bucket.put('drop/b.txt', 'theirs');
    expect(await rig.run(a)).toMatchObject({ state: 'succeeded' });
    expect(await rig.run(b)).toMatchObject({ state: 'conflict' });
    expect(await rig.bucket.text('drop/b.txt')).toBe('theirs');
  });

  it.each([
    { service: 'looks at conditions', honours: () => true },
    { service: 'ignores conditions', honours: () => false },
  ])('P5: a death at any call leaves the same end: the object is gone, once ($service)', async ({ honours }) => {
    await another({ honours });
    await rig.bucket.enableVersioning();
    await rig.uploaded('count.txt', 'x');
    const { calls, log } = await rig.countCalls(rig.deleted('count.txt'));
    expect(log).toContain('store.remove');
    for (let call = 1; call <= calls; call += 1) {
      for (const when of ['before', 'after'] as const) {
        const path = `${when}-${call}.txt`;
        await rig.uploaded(path, 'x');
        const operation = rig.deleted(path);
        await rig.die(operation, { call, when });
        expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
        // One delete marker: what is gone is not deleted again.
        expect((await rig.bucket.past()).get(`drop/${path}`)).toMatchObject({ deletes: 1, isGone: true });
        expect(rig.row(path)!.base).toBeNull();
      }
    }
  });

  it('P5: a file that comes back after an unrecorded delete of ours is no conflict', async () => {
    await rig.uploaded('a.txt', 'one');
    const operation = rig.deleted('a.txt');
    // The object is gone, but the engine dies before it hears of it; then the file is there again.
    expect(await rig.die(operation, { call: 1, when: 'after' })).toBe(true);
    expect(await rig.bucket.text('drop/a.txt')).toBeNull();
    rig.repos.operations.transition(rig.repos.operations.byId(operation.id)!, 'supersede');
    expect(await rig.uploaded('a.txt', 'back')).toMatchObject({ state: 'succeeded' });
    expect(await rig.bucket.text('drop/a.txt')).toBe('back');
  });

  it('P9: a pause before the request: nothing is sent', async () => {
    await rig.uploaded('a.txt', 'one');
    const stop = new AbortController();
    stop.abort(new Error('paused'));
    expect(await rig.attempt(rig.deleted('a.txt'), stop.signal)).toMatchObject({ state: 'pending' });
    expect(await rig.bucket.text('drop/a.txt')).toBe('one');
  });
});
