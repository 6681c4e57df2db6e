import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checksumOf } from '../../../src/core/checksum.ts';
import type { StoredOperation } from '../../../src/db/stored-operation.ts';
import type { OperationName } from '../../../tools/s3/operation-name.ts';
import { noise } from '../../support/engine-harness.ts';
import { ExecutorRig, stopWith } from '../../support/executor-rig.ts';
import { uploadSpecFor } from '../../support/outbox.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import { startMoto, startStandIn, type S3Process, type StandIn } from '../../support/s3-servers.ts';

const PART = 64 * 1024;
const THEIRS = noise(PART * 3 + 17);

let server: StandIn;
let rig: ExecutorRig;
beforeAll(async () => {
  server = await startStandIn({ minPartSizeBytes: PART });
});
afterAll(() => server.close());
beforeEach(async () => {
  server.faults.clear();
  // The limit of one copy, 5 GiB, is lowered: four parts stand for all sizes.
  rig = await ExecutorRig.create(server, { partSizeBytes: PART, copyLimitBytes: PART, rules: { mode: 'drop' } });
  await rig.bucket.enableVersioning();
});
afterEach(() => rig.close());

const requests = (operation: OperationName) => server.counters.of(operation).requests;

/** Theirs was replaced by ours at the key, and that is taken back: the operation that brings theirs again. */
async function taken(path: string, restoredContent = THEIRS): Promise<StoredOperation> {
  const key = `drop/${path}`;
  // As another Longshore writes it: with a checksum that the service keeps and reports.
  const signal = new AbortController().signal;
  const object = { key, contentType: 'application/octet-stream', metadata: {} };
  const checksum = await checksumOf('CRC64NVME', restoredContent);
  await rig.store.put(object, restoredContent, checksum, { kind: 'create' }, () => undefined, signal);
  const theirs = (await rig.store.head(key, signal))!;
  await rig.bucket.put(key, 'ours');
  const ours = (await rig.store.head(key, signal))!;
  rig.know(path, { base: { etag: ours.etag, versionId: ours.versionId } });
  const { etag, versionId, sizeBytes, lastModified } = theirs;
  const restores = { etag, versionId, sizeBytes, lastModified, metadata: { 'longshore-device': 'other' } };
  return rig.insert('file.upload', path, key, uploadSpecFor(key, { restores }), [], 0);
}

/** `copyPart` of the store does `before` each of its calls, and `after`. */
function around(before: (part: number) => Promise<void> | void, after: (part: number) => void = () => undefined): void {
  const copyPart = rig.store.copyPart.bind(rig.store);
  let part = 0;
  rig.store = Object.assign(Object.create(rig.store) as typeof rig.store, {
    copyPart: async (...args: Parameters<typeof copyPart>) => {
      part += 1;
      const mine = part;
      await before(mine);
      const reply = await copyPart(...args);
      after(mine);
      return reply;
    },
  });
}

describe('an old version above what one copy may have', () => {
  it('comes back in parts, byte for byte, and none of it passes this computer', async () => {
    const operation = await taken('a.bin');
    server.counters.reset();
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
    expect([requests('CopyObject'), requests('UploadPartCopy'), requests('UploadPart'), requests('PutObject')]).toEqual(
      [0, 4, 0, 0],
    );
    const now = (await rig.bucket.get('drop/a.bin'))!;
    expect(sha256(now.body)).toBe(sha256(THEIRS));
    expect(now.metadata).toMatchObject({ 'longshore-op': operation.id, 'longshore-device': 'other' });
    expect(rig.row('a.bin')?.base?.etag).toBe(now.etag);
    expect(await rig.bucket.openUploads()).toEqual([]);
    expect(rig.repos.cleanups.count()).toBe(0);
  });

  it('of the limit itself is one copy', async () => {
    const operation = await taken('a.bin', noise(PART));
    server.counters.reset();
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
    expect([requests('CopyObject'), requests('UploadPartCopy')]).toEqual([1, 0]);
  });

  it('P9, P6: a pause between two parts: nothing more is copied, and afterwards no part a second time', async () => {
    const operation = await taken('a.bin');
    const pause = new AbortController();
    around(
      () => undefined,
      (part) => {
        if (part === 2) stopWith(pause, 'pause');
      },
    );
    server.counters.reset();
    expect(await rig.attempt(operation, pause.signal)).toMatchObject({ state: 'pending', attempts: 0 });
    expect(requests('UploadPartCopy')).toBe(2);
    expect(await rig.bucket.text('drop/a.bin')).toBe('ours');
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
    expect([requests('UploadPartCopy'), requests('CreateMultipartUpload')]).toEqual([4, 1]);
    expect(sha256((await rig.bucket.get('drop/a.bin'))!.body)).toBe(sha256(THEIRS));
  });

  it('P4, P7: another’s write in the middle is not replaced, and no upload stays open', async () => {
    const operation = await taken('a.bin');
    around(async (part) => {
      if (part === 3) await rig.bucket.put('drop/a.bin', 'a third hand');
    });
    expect(await rig.run(operation)).toMatchObject({ state: 'failed', error: { code: 'undo.overtaken' } });
    expect(await rig.bucket.text('drop/a.bin')).toBe('a third hand');
    expect(rig.repos.uploads.get(operation.id)).toBeNull();
    expect(await rig.bucket.openUploads()).toHaveLength(rig.repos.cleanups.count());
  });

  it('that is gone is told so', async () => {
    const operation = await taken('a.bin');
    const restores = { etag: 'gone', versionId: 'never-was', sizeBytes: THEIRS.length, lastModified: null };
    const gone = rig.insert('file.upload', 'b.bin', 'drop/b.bin', uploadSpecFor('drop/b.bin', { restores }), [], 0);
    expect(await rig.run(gone)).toMatchObject({ state: 'failed', error: { code: 'undo.version-gone' } });
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
  });

  it('P3: parts that do not add up to the version are never completed', async () => {
    const operation = await taken('a.bin');
    const copyPart = rig.store.copyPart.bind(rig.store);
    // Two parts of the same size in each other's place: each is whole, and the sum is not.
    rig.store = Object.assign(Object.create(rig.store) as typeof rig.store, {
      copyPart: (...[key, id, number, source, offset, ...rest]: Parameters<typeof copyPart>) => {
        const wrong = number === 1 ? PART : number === 2 ? 0 : offset;
        return copyPart(key, id, number, source, wrong, ...rest);
      },
    });
    expect(await rig.run(operation)).toMatchObject({ state: 'failed', error: { code: 's3.checksum-mismatch' } });
    expect(await rig.bucket.text('drop/a.bin')).toBe('ours');
    expect(await rig.bucket.openUploads()).toHaveLength(rig.repos.cleanups.count());
  });

  it('comes back from a service that tells no checksums of parts', async () => {
    const operation = await taken('a.bin');
    const copyPart = rig.store.copyPart.bind(rig.store);
    rig.store = Object.assign(Object.create(rig.store) as typeof rig.store, {
      copyPart: async (...args: Parameters<typeof copyPart>) => ({ ...(await copyPart(...args)), checksum: null }),
    });
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
    expect(sha256((await rig.bucket.get('drop/a.bin'))!.body)).toBe(sha256(THEIRS));
  });
});

it('P5, P7: a death at any call of such a copy leaves the same end', async () => {
  const { calls, log } = await rig.countCalls(await taken('count'));
  expect(log).toEqual(expect.arrayContaining(['store.createUpload', 'store.copyPart', 'store.completeUpload']));
  for (let call = 1; call <= calls; call += 1) {
    for (const when of ['before', 'after'] as const) {
      const path = `${when}-${call}`;
      const operation = await taken(path);
      await rig.die(operation, { call, when });
      expect(await rig.run(operation), `${when} call ${call} (${log[call - 1]})`).toMatchObject({ state: 'succeeded' });
      expect(sha256((await rig.bucket.get(`drop/${path}`))!.body)).toBe(sha256(THEIRS));
      // Theirs, ours, and theirs again: never twice.
      expect((await rig.bucket.history()).get(`drop/${path}`)).toHaveLength(3);
      expect(rig.repos.uploads.get(operation.id)).toBeNull();
    }
  }
  // What a lost Create left behind is the janitor's, and it knows of it.
  expect((await rig.bucket.openUploads()).length).toBeLessThanOrEqual(rig.repos.cleanups.count());
}, 60_000);

describe('a server that no one here wrote', () => {
  const MIN_PART = 5 * 1024 * 1024;
  let moto: S3Process;
  beforeAll(async () => {
    moto = await startMoto();
  }, 180_000);
  afterAll(() => moto.close());

  it('copies an old version in parts of the least size that S3 takes', async () => {
    rig.close();
    rig = await ExecutorRig.create(moto, { copyLimitBytes: MIN_PART, rules: { mode: 'drop' } });
    await rig.bucket.enableVersioning();
    const theirs = noise(MIN_PART * 2 + 17);
    const operation = await taken('a.bin', theirs);
    expect(await rig.run(operation)).toMatchObject({ state: 'succeeded' });
    const now = (await rig.bucket.get('drop/a.bin'))!;
    expect(sha256(now.body)).toBe(sha256(theirs));
    expect(now.metadata).toMatchObject({ 'longshore-op': operation.id });
    expect(await rig.bucket.openUploads()).toEqual([]);
  });
});
