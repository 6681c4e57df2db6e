import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { toBeTakenUp } from '../../../src/core/fingerprint.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DownloadSpec } from '../../../src/sync/specs.ts';
import { noise } from '../../support/engine-harness.ts';
import { ExecutorRig, stopWith } from '../../support/executor-rig.ts';
import { bringTo, must, queueUpload } from '../../support/outbox.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';

const MIB = 1024 * 1024;
const ASIDE = /^a \(conflict laptop \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\)\.txt$/;

let server: StandIn;
let rig: ExecutorRig;
beforeAll(async () => {
  server = await startStandIn();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.faults.clear();
  rig = await ExecutorRig.create(server);
  server.counters.reset();
});
afterEach(() => rig.close());

const bytesRead = () => server.counters.of('GetObject').replyBodyBytes;

describe('a download', () => {
  it('stands in the folder whole, with its time, verified; the inventory knows it', async () => {
    await rig.bucket.put('drop/d/a.txt', 'theirs');
    const done = await rig.run(await rig.download('d/a.txt'));
    expect(done).toMatchObject({ state: 'succeeded', verified: true, bytesDone: 6 });
    expect(rig.names()).toEqual(['d/a.txt']);
    expect(rig.text('d/a.txt')).toBe('theirs');
    const stat = await rig.state('d/a.txt');
    expect(stat.mtimeMs).toBe(1_600_000_000_000);
    // The next scan finds exactly this: it is quiet.
    expect(rig.row('d/a.txt')).toMatchObject({ fingerprint: stat.fingerprint, sizeBytes: 6, key: 'drop/d/a.txt' });
    expect(rig.row('d/a.txt')!.base!.etag).toBe(must(await rig.bucket.get('drop/d/a.txt')).etag);
  });

  it('P2: an edit that comes while what stands there already is compared is another state, and goes up', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    // As an attempt leaves it that died between placing and settling.
    rig.tree.write('a.txt', 'theirs');
    const before = (await rig.state('a.txt')).fingerprint;
    const open = rig.files.open.bind(rig.files);
    vi.spyOn(rig.files, 'open').mockImplementationOnce(async (path) => {
      const file = await open(path);
      const close = file.close.bind(file);
      vi.spyOn(file, 'close').mockImplementationOnce(() => {
        rig.tree.write('a.txt', 'edited');
        return close();
      });
      return file;
    });
    await rig.run(await rig.download('a.txt'));
    expect(rig.text('a.txt')).toBe('edited');
    expect(rig.row('a.txt')?.fingerprint).toBe(before);
    expect((await rig.state('a.txt')).fingerprint).not.toBe(before);
  });

  it('P13: nothing is put where the drive of the folder is not mounted, nor beside another one', async () => {
    await rig.bucket.put('drop/d/a.txt', 'theirs');
    rig.repos.folders.ensure('drop', rig.tree.root);
    rig.repos.folders.setMarker('drop', 'm1');
    expect(await rig.attempt(await rig.download('d/a.txt'))).toMatchObject({
      state: 'waiting',
      error: { code: 'folder.marker-missing' },
    });
    expect([rig.names(), rig.hints]).toEqual([[], ['d/a.txt']]);
    expect(bytesRead()).toBe(0);
    rig.repos.folders.setMarker('drop', null);
    rmSync(rig.tree.root, { recursive: true });
    expect(await rig.attempt(await rig.download('d/a.txt'))).toMatchObject({ error: { code: 'folder.missing' } });
    expect(existsSync(rig.tree.root)).toBe(false);
  });

  it.each([
    ['that went just then', '.longshore-folder', 'folder.marker-missing'],
    ['that came back just then', 'a.txt', 'local.vanished'],
  ])('P4: what was put beside a drive %s is not taken to be in the folder', async (_when, gone, code) => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.repos.folders.ensure('drop', rig.tree.root);
    rig.repos.folders.setMarker('drop', 'm1');
    await rig.changes.writeMarker(rig.tree.root, 'm1');
    const place = rig.changes.place.bind(rig.changes);
    vi.spyOn(rig.changes, 'place').mockImplementationOnce(async (...args) => {
      const placed = await place(...args);
      rig.tree.remove(gone);
      return placed;
    });
    expect(await rig.attempt(await rig.download('a.txt'))).toMatchObject({ state: 'waiting', error: { code } });
    expect(rig.row('a.txt')).toBeNull();
  });

  it('an empty object is an empty file', async () => {
    await rig.uploaded('a.txt', '');
    rig.tree.remove('a.txt');
    expect(await rig.run(await rig.download('a.txt'))).toMatchObject({ state: 'succeeded' });
    expect(rig.text('a.txt')).toBe('');
  });

  it('P13: the file that it replaces is kept aside, under a name that tells device and time', async () => {
    await rig.uploaded('a.txt', 'ours');
    await rig.bucket.put('drop/a.txt', 'theirs');
    const replaces = (await rig.state('a.txt')).fingerprint;
    const done = await rig.run(await rig.download('a.txt', { replaces, reason: 'keep-remote' }));
    expect(done.state).toBe('succeeded');
    const [aside, name] = rig.names();
    expect(name).toBe('a.txt');
    expect(aside).toMatch(ASIDE);
    expect(rig.text(aside!)).toBe('ours');
    expect(rig.text('a.txt')).toBe('theirs');
    expect(rig.row('a.txt')!.fingerprint).toBe((await rig.state('a.txt')).fingerprint);
  });

  it('P13: a file that changed since the decision stays; the download is moot and leaves nothing', async () => {
    await rig.uploaded('a.txt', 'ours');
    await rig.bucket.put('drop/a.txt', 'theirs');
    const replaces = (await rig.state('a.txt')).fingerprint;
    const operation = await rig.download('a.txt', { replaces });
    rig.tree.write('a.txt', 'ours, edited');
    expect(await rig.run(operation)).toMatchObject({ state: 'superseded' });
    expect(rig.names()).toEqual(['a.txt']);
    expect(rig.text('a.txt')).toBe('ours, edited');
    expect(rig.hints).toContain('a.txt');
  });

  it('P13: a file that changes while the bytes come stays', async () => {
    await rig.uploaded('a.txt', 'ours');
    await rig.bucket.put('drop/a.txt', 'theirs');
    const replaces = (await rig.state('a.txt')).fingerprint;
    const operation = await rig.download('a.txt', { replaces });
    const place = rig.changes.place.bind(rig.changes);
    rig.changes.place = async (...args) => {
      rig.tree.write('a.txt', 'ours, edited');
      return await place(...args);
    };
    expect(await rig.run(operation)).toMatchObject({ state: 'superseded' });
    expect(rig.names()).toEqual(['a.txt']);
    expect(rig.text('a.txt')).toBe('ours, edited');
  });

  it('P13: a file that came to an empty place stays', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    const operation = await rig.download('a.txt');
    rig.tree.write('a.txt', 'something else of mine');
    expect(await rig.run(operation)).toMatchObject({ state: 'superseded' });
    expect(rig.text('a.txt')).toBe('something else of mine');
  });

  describe('P2: a file that was not here, and came back as it was', () => {
    const cameBack = async (restoredOver: 'unsent' | 'sent') => {
      await rig.uploaded('a.txt', 'ours');
      const known = rig.row('a.txt')!;
      if (restoredOver === 'unsent') {
        const unsent = bringTo(rig.outbox, queueUpload(rig.outbox, 'a.txt'), 'superseded');
        rig.outbox.repos.files.put({ ...known, operation: unsent.id });
      }
      await rig.bucket.put('drop/a.txt', 'theirs');
      expect(await rig.run(await rig.download('a.txt'))).toMatchObject({ state: 'superseded' });
      expect(rig.hints).toContain('a.txt');
      return { before: known.fingerprint!, after: rig.row('a.txt')!.fingerprint! };
    };

    it('is taken up again when its upload gave way to the restore: nobody else brings it there', async () => {
      const { before, after } = await cameBack('unsent');
      expect(after).toBe(toBeTakenUp(before));
    });

    it('P4: is not sent over theirs when it had been sent before', async () => {
      const { before, after } = await cameBack('sent');
      expect(after).toBe(before);
    });
  });

  it('a file that was removed after the decision does not come back', async () => {
    await rig.uploaded('a.txt', 'ours');
    await rig.bucket.put('drop/a.txt', 'theirs');
    const operation = await rig.download('a.txt', { replaces: (await rig.state('a.txt')).fingerprint });
    rig.tree.remove('a.txt');
    expect(await rig.run(operation)).toMatchObject({ state: 'superseded' });
    expect(rig.names()).toEqual([]);
  });

  it('a mode that was set meanwhile is no change', async () => {
    await rig.uploaded('a.txt', 'ours');
    await rig.bucket.put('drop/a.txt', 'theirs');
    const { fingerprint } = await rig.state('a.txt');
    const operation = await rig.download('a.txt', { replaces: fingerprint });
    chmodSync(rig.tree.at('a.txt'), 0o600);
    expect((await rig.state('a.txt')).fingerprint).not.toBe(fingerprint);
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
    expect(rig.text('a.txt')).toBe('theirs');
  });

  it('a path that leads out of the folder is refused', async () => {
    await rig.bucket.put('drop/a.txt', 'evil');
    const { spec } = await rig.download('a.txt');
    for (const path of ['../a.txt', '/etc/a.txt', 'x/../../a.txt']) {
      const operation = rig.insert('file.download', path, 'drop/a.txt', spec);
      expect(await rig.run(operation)).toMatchObject({ state: 'failed', error: { code: 'local.unsafe-path' } });
      rig.repos.operations.transition(rig.repos.operations.byId(operation.id)!, 'cancel');
    }
    expect(rig.names()).toEqual([]);
  });

  it('what is not there any more fails in words', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    const operation = await rig.download('a.txt');
    await rig.bucket.remove('drop/a.txt');
    expect(await rig.run(operation)).toMatchObject({ state: 'failed', error: { code: 's3.no-such-key' } });
    expect(rig.names()).toEqual([]);
  });

  it('theirs that changed again is taken as it is now', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    const operation = await rig.download('a.txt');
    await rig.bucket.put('drop/a.txt', 'theirs, again');
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded', bytesTotal: 13 });
    expect(rig.text('a.txt')).toBe('theirs, again');
  });

  it('P4: the same in a bucket with versions: the one before would go over theirs at the next scan', async () => {
    await rig.bucket.enableVersioning();
    await rig.bucket.put('drop/a.txt', 'theirs');
    const operation = await rig.download('a.txt', { reason: 'keep-remote' });
    const now = await rig.bucket.put('drop/a.txt', 'theirs, again');
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
    expect(rig.text('a.txt')).toBe('theirs, again');
    expect(rig.row('a.txt')).toMatchObject({ base: { etag: now } });
    expect(rig.row('a.txt')!.fingerprint).not.toBeNull();
  });

  it('an old version of a bucket with versions; it is not what the storage has, so the next scan takes it there', async () => {
    await rig.bucket.enableVersioning();
    await rig.bucket.put('drop/a.txt', 'old');
    const { spec } = await rig.download('a.txt');
    const now = await rig.bucket.put('drop/a.txt', 'new!');
    const pinned = { ...(spec as DownloadSpec), pinned: true };
    const operation = rig.insert('file.download', 'a.txt', 'drop/a.txt', pinned);
    rig.repos.operations.transition(rig.repos.operations.bySeq(operation.seq - 1)!, 'cancel');
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded', verified: true });
    expect(rig.text('a.txt')).toBe('old');
    // The file is known to be here: removed before that scan, it is a deleted file.
    expect(rig.row('a.txt')).toMatchObject({ base: { etag: now } });
    expect(rig.row('a.txt')?.fingerprint).toMatch(/^3\.\d+\.0\./);
  });

  it('a full disk is told in words, before anything is fetched', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    rig.changes.freeBytes = () => Promise.resolve(5);
    const waiting = await rig.attempt(await rig.download('a.txt'));
    expect(waiting).toMatchObject({ state: 'waiting', error: { code: 'local.disk-full' } });
    expect(waiting.error!.detail).toBe('6 bytes are needed, 5 are free');
    expect(bytesRead()).toBe(0);
  });

  it('P3: bytes that are not what the service says of them never show', async () => {
    await rig.bucket.put('drop/a.txt', 'theirs');
    const operation = await rig.download('a.txt');
    const read = rig.store.read.bind(rig.store);
    let corrupt = true;
    rig.store = Object.assign(Object.create(rig.store) as typeof rig.store, {
      read: (...[source, offset, onChunk, signal]: Parameters<typeof read>) =>
        read(source, offset, (chunk) => onChunk(corrupt ? chunk.map((byte) => byte ^ 1) : chunk), signal),
    });
    expect(await rig.attempt(operation)).toMatchObject({ state: 'waiting', error: { code: 's3.checksum-mismatch' } });
    expect(rig.names()).toEqual([]);
    corrupt = false;
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded', verified: true });
    expect(rig.text('a.txt')).toBe('theirs');
  });
});

describe('a large download', () => {
  const content = noise(20 * MIB + 5);

  it('P6: a connection that breaks costs no more than what was on its way', async () => {
    await rig.bucket.put('drop/a.bin', content);
    const operation = await rig.download('a.bin');
    server.faults.add({ operation: 'GetObject', times: 1, fault: { kind: 'truncate', afterBytes: 18 * MIB } });
    const waiting = await rig.attempt(operation);
    expect(waiting).toMatchObject({ state: 'waiting', error: { class: 'transient' } });
    expect(waiting.bytesDone).toBeGreaterThanOrEqual(16 * MIB);
    server.counters.reset();
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded', verified: true });
    expect(bytesRead()).toBe(content.length - waiting.bytesDone);
    expect(sha256(readFileSync(rig.tree.at('a.bin')))).toBe(sha256(content));
    expect(rig.names()).toEqual(['a.bin']);
  });

  it('P6: what was flushed survives; what only looks like it is fetched again', async () => {
    await rig.bucket.put('drop/a.bin', content);
    const operation = await rig.download('a.bin');
    server.faults.add({ operation: 'GetObject', times: 1, fault: { kind: 'truncate', afterBytes: 18 * MIB } });
    await rig.attempt(operation);
    // A power cut took bytes that had been flushed: a disk that lies.
    const partial = await rig.changes.openPartial(rig.tree.at('a.bin'), operation.id);
    await partial.write(Buffer.alloc(10), 3 * MIB);
    await partial.close();
    server.counters.reset();
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded', verified: true });
    expect(bytesRead()).toBe(content.length);
  });

  it('P9: a pause stops the bytes and keeps what has come; a cancel takes it away', async () => {
    await rig.bucket.put('drop/a.bin', content);
    const operation = await rig.download('a.bin');
    const stopAt = async (bytes: number, reason: 'pause' | 'cancelled') => {
      const stop = new AbortController();
      const read = rig.store.read.bind(rig.store);
      let come = 0;
      const slow = Object.assign(Object.create(rig.store) as typeof rig.store, {
        read: (...[source, offset, onChunk, signal]: Parameters<typeof read>) =>
          read(
            source,
            offset,
            async (chunk) => {
              await onChunk(chunk);
              come += chunk.byteLength;
              if (come >= bytes) stopWith(stop, reason);
            },
            signal,
          ),
      });
      const before = rig.store;
      rig.store = slow;
      const state = await rig.attempt(operation, stop.signal);
      rig.store = before;
      return state;
    };
    const paused = await stopAt(9 * MIB, 'pause');
    expect(paused.state).toBe('pending');
    expect(paused.bytesDone).toBeGreaterThanOrEqual(8 * MIB);
    expect(rig.names()).toEqual([`.longshore-part-${operation.id}`]);
    await stopAt(1, 'cancelled');
    expect(rig.names()).toEqual([]);
  });
});

describe('P5: a death at any call of a download', () => {
  it('leaves the same end: the file whole, the old one aside, once; no partial file', async () => {
    await rig.uploaded('count.txt', 'ours');
    await rig.bucket.put('drop/count.txt', 'theirs');
    const replaces = (await rig.state('count.txt')).fingerprint;
    const { calls, log } = await rig.countCalls(await rig.download('count.txt', { replaces }));
    expect(log).toContain('changes.place');
    for (let call = 1; call <= calls; call += 1) {
      for (const when of ['before', 'after'] as const) {
        const path = `${when}-${call}/a.txt`;
        await rig.uploaded(path, 'ours');
        await rig.bucket.put(`drop/${path}`, 'theirs');
        const operation = await rig.download(path, { replaces: (await rig.state(path)).fingerprint });
        await rig.die(operation, { call, when });
        expect(await rig.run(operation), `${when} call ${call} (${log[call - 1]})`).toMatchObject({
          state: 'succeeded',
        });
        const [aside, placed, ...more] = rig.names().filter((name) => name.startsWith(`${when}-${call}/`));
        expect(placed).toBe(path);
        expect(rig.text(placed!)).toBe('theirs');
        expect(aside!.split('/')[1]).toMatch(ASIDE);
        expect(rig.text(aside!)).toBe('ours');
        expect(more).toEqual([]);
        expect(rig.row(path)!.fingerprint).toBe((await rig.state(path)).fingerprint);
      }
    }
  });

  it('the same into an empty place', async () => {
    await rig.bucket.put('drop/count.txt', 'theirs');
    const { calls, log } = await rig.countCalls(await rig.download('count.txt'));
    for (let call = 1; call <= calls; call += 1) {
      for (const when of ['before', 'after'] as const) {
        const path = `${when}-${call}.txt`;
        await rig.bucket.put(`drop/${path}`, 'theirs');
        const operation = await rig.download(path);
        await rig.die(operation, { call, when });
        expect(await rig.run(operation), `${when} call ${call} (${log[call - 1]})`).toMatchObject({
          state: 'succeeded',
        });
        expect(rig.names().filter((name) => name.includes(`${when}-${call}.txt`))).toEqual([path]);
        expect(rig.text(path)).toBe('theirs');
      }
    }
    expect(rig.names().filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
