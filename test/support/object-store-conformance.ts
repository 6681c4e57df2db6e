import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checksumOf, combineChecksums } from '../../src/core/checksum.ts';
import { LongshoreError } from '../../src/core/longshore-error.ts';
import type { Checksum, ChecksumAlgorithm, ObjectStore, WriteCondition } from '../../src/core/ports.ts';

export interface StoreHarness {
  /** Over an empty bucket. */
  readonly store: ObjectStore;
  /** Parts of this size may be followed by others. */
  readonly partSizeBytes: number;
  close(): Promise<void>;
}

const NEVER = new AbortController().signal;
const CREATE: WriteCondition = { kind: 'create' };
const ALGORITHM: ChecksumAlgorithm = 'CRC64NVME';
const IGNORE = (): void => undefined;

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const replace = (etag: string): WriteCondition => ({ kind: 'replace', etag });
const named = (key: string) => ({
  key,
  contentType: 'text/plain',
  metadata: { 'longshore-op': `op of ${key.length}` },
});

async function codeOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly sent: boolean | undefined }> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof LongshoreError)) throw error;
  return { code: error.code, sent: error.context.sent };
}

/** What every ObjectStore owes, the S3 adapter over a server and the simulator's alike. */
export function describeObjectStoreConformance(title: string, makeHarness: () => Promise<StoreHarness>): void {
  describe(`${title}: conformance of ObjectStore`, () => {
    let harness: StoreHarness;
    let store: ObjectStore;
    beforeEach(async () => {
      harness = await makeHarness();
      ({ store } = harness);
    });
    afterEach(async () => {
      store.close();
      await harness.close();
    });

    const put = async (key: string, text: string, condition = CREATE) => {
      const bytes = Buffer.from(text);
      return await store.put(named(key), bytes, await checksumOf(ALGORITHM, bytes), condition, IGNORE, NEVER);
    };
    const begin = async (key: string) => (await store.createUpload(named(key), ALGORITHM, NEVER)).uploadId;
    const part = async (key: string, uploadId: string, number: number, bytes: Uint8Array) => {
      const checksum = await checksumOf(ALGORITHM, bytes);
      const reply = await store.uploadPart(key, uploadId, number, bytes, checksum, IGNORE, NEVER);
      return { number, etag: reply.etag, checksum, sizeBytes: bytes.byteLength };
    };
    /** Two parts, sent; what Complete needs. */
    const twoParts = async (key: string) => {
      const uploadId = await begin(key);
      const pieces = [Buffer.alloc(harness.partSizeBytes, 'a'), Buffer.from('the end')];
      const second = await part(key, uploadId, 2, pieces[1]!);
      const parts = [await part(key, uploadId, 1, pieces[0]!), second];
      return { uploadId, parts, bytes: Buffer.concat(pieces), checksum: combineChecksums(ALGORITHM, parts) };
    };
    type Sent = Awaited<ReturnType<typeof twoParts>>;
    const complete = (key: string, sent: Sent, condition = CREATE, checksum: Checksum = sent.checksum) =>
      store.completeUpload(key, sent.uploadId, sent.parts, checksum, condition, NEVER);

    describe('single objects', () => {
      it('stores what it is given and says what it has', async () => {
        const reply = await put('d/a +%\u00fc.txt', 'hello');
        const checksum = await checksumOf(ALGORITHM, Buffer.from('hello'));
        expect(reply).toMatchObject({ etag: md5(Buffer.from('hello')), checksums: [checksum], etagIsMd5: true });
        const found = await store.head('d/a +%\u00fc.txt', NEVER);
        expect(found).toMatchObject({ etag: reply.etag, sizeBytes: 5, etagIsMd5: true, checksums: [checksum] });
        expect(found?.metadata['longshore-op']).toMatch(/^op of/);
        expect(found?.lastModified).not.toBeNull();
      });

      it('has nothing where nothing was put', async () => {
        expect(await store.head('none', NEVER)).toBeNull();
      });

      it('stores an empty object', async () => {
        await put('empty', '');
        expect(await store.head('empty', NEVER)).toMatchObject({ sizeBytes: 0, etag: md5(Buffer.alloc(0)) });
      });

      it('counts the bytes on their way', async () => {
        const bytes = Buffer.from('twelve bytes');
        let sent = 0;
        const count = (more: number) => {
          sent += more;
        };
        await store.put(named('a'), bytes, await checksumOf(ALGORITHM, bytes), CREATE, count, NEVER);
        expect(sent).toBe(bytes.byteLength);
      });

      it('refuses bytes that are not those of the checksum, and keeps nothing of them', async () => {
        const other = await checksumOf(ALGORITHM, Buffer.from('other'));
        const work = store.put(named('a'), Buffer.from('hello'), other, CREATE, IGNORE, NEVER);
        expect((await codeOf(work)).code).toBe('s3.checksum-mismatch');
        expect(await store.head('a', NEVER)).toBeNull();
      });
    });

    describe('conditions', () => {
      it('create refuses where something is', async () => {
        await put('a', 'one');
        expect(await codeOf(put('a', 'two'))).toEqual({ code: 'conflict.exists', sent: false });
        expect((await store.head('a', NEVER))?.etag).toBe(md5(Buffer.from('one')));
      });

      it('replace goes over the version that it names, and no other', async () => {
        const first = await put('a', 'one');
        const second = await put('a', 'two', replace(first.etag!));
        expect(await codeOf(put('a', 'three', replace(first.etag!)))).toEqual({
          code: 'conflict.changed',
          sent: false,
        });
        expect((await store.head('a', NEVER))?.etag).toBe(second.etag);
      });

      it('replace finds that the object is gone', async () => {
        expect((await codeOf(put('a', 'one', replace(md5(Buffer.from('x')))))).code).toBe('conflict.deleted');
      });

      it('hold for Complete, and leave the upload open where they do not', async () => {
        const first = await put('a', 'one');
        const sent = await twoParts('a');
        expect((await codeOf(complete('a', sent))).code).toBe('conflict.exists');
        expect((await codeOf(complete('a', sent, replace(md5(Buffer.from('x')))))).code).toBe('conflict.changed');
        expect(await store.listParts('a', sent.uploadId, NEVER)).toHaveLength(2);
        await complete('a', sent, replace(first.etag!));
        expect((await store.head('a', NEVER))?.sizeBytes).toBe(sent.bytes.byteLength);
      });
    });

    describe('multipart uploads', () => {
      it('become one object with the checksum of the whole', async () => {
        const sent = await twoParts('a');
        expect(await store.head('a', NEVER)).toBeNull();
        const reply = await complete('a', sent);
        const whole = await checksumOf(ALGORITHM, sent.bytes);
        const found = await store.head('a', NEVER);
        expect(found).toMatchObject({ sizeBytes: sent.bytes.byteLength, checksums: [whole] });
        expect(found?.etag).toMatch(/^[0-9a-f]{32}-2$/);
        expect(reply.etag ?? found?.etag).toBe(found?.etag);
        expect(found?.metadata['longshore-op']).toMatch(/^op of/);
      });

      it('list their parts in order, with size, ETag and checksum', async () => {
        const sent = await twoParts('a');
        const listed = await store.listParts('a', sent.uploadId, NEVER);
        expect(listed.map(({ number, sizeBytes, etag }) => ({ number, sizeBytes, etag }))).toEqual(
          sent.parts.map(({ number, sizeBytes, etag }) => ({ number, sizeBytes, etag })),
        );
        for (const [index, { checksum }] of listed.entries()) expect(checksum).toEqual(sent.parts[index]?.checksum);
      });

      it('take a part again: the last one counts', async () => {
        const sent = await twoParts('a');
        const again = await part('a', sent.uploadId, 2, Buffer.from('another end'));
        const parts = [sent.parts[0]!, again];
        await complete('a', { ...sent, parts, checksum: combineChecksums(ALGORITHM, parts) });
        expect((await store.head('a', NEVER))?.sizeBytes).toBe(harness.partSizeBytes + 'another end'.length);
      });

      it('refuse a part that is not that of its checksum', async () => {
        const uploadId = await begin('a');
        const other = await checksumOf(ALGORITHM, Buffer.from('other'));
        const work = store.uploadPart('a', uploadId, 1, Buffer.from('hello'), other, IGNORE, NEVER);
        expect((await codeOf(work)).code).toBe('s3.checksum-mismatch');
        expect(await store.listParts('a', uploadId, NEVER)).toEqual([]);
      });

      it('refuse to complete with another checksum than that of the whole', async () => {
        const sent = await twoParts('a');
        const wrong = await checksumOf(ALGORITHM, Buffer.from('other'));
        expect((await codeOf(complete('a', sent, CREATE, wrong))).code).toBe('s3.checksum-mismatch');
        expect(await store.head('a', NEVER)).toBeNull();
      });

      it('refuse to complete with a part that is another', async () => {
        const sent = await twoParts('a');
        const parts = [sent.parts[0]!, { ...sent.parts[1]!, etag: md5(Buffer.from('other')) }];
        expect((await codeOf(complete('a', { ...sent, parts }))).code).toBe('s3.no-such-upload');
      });

      it('are known by key and id while they are open, and gone when aborted or completed', async () => {
        const [first, second] = [await begin('p/a'), await begin('p/ab')];
        const open = async () =>
          (await store.listUploads('p/a', NEVER)).map(({ key, uploadId }) => `${key} ${uploadId}`).sort();
        expect(await open()).toEqual([`p/a ${first}`, `p/ab ${second}`]);
        expect(await store.listUploads('q/', NEVER)).toEqual([]);
        await store.abortUpload('p/a', first, NEVER);
        expect(await open()).toEqual([`p/ab ${second}`]);
        expect((await codeOf(store.listParts('p/a', first, NEVER))).code).toBe('s3.no-such-upload');
        expect((await codeOf(part('p/a', first, 1, Buffer.from('x')))).code).toBe('s3.no-such-upload');
        const sent = await twoParts('p/abc');
        await complete('p/abc', sent);
        expect(await open()).toEqual([`p/ab ${second}`]);
        expect((await codeOf(store.listParts('p/abc', sent.uploadId, NEVER))).code).toBe('s3.no-such-upload');
      });

      it('are aborted without complaint when they are not known', async () => {
        const uploadId = await begin('a');
        await store.abortUpload('a', uploadId, NEVER);
        await expect(store.abortUpload('a', uploadId, NEVER)).resolves.toBeUndefined();
      });

      it('leave one object when Complete is repeated, whatever the second answer is', async () => {
        const sent = await twoParts('a');
        await complete('a', sent);
        const before = await store.head('a', NEVER);
        const again = await complete('a', sent).then(
          () => 'fine',
          (error: unknown) => (error as LongshoreError).code,
        );
        expect(['fine', 's3.no-such-upload', 'conflict.exists']).toContain(again);
        expect(await store.head('a', NEVER)).toEqual(before);
      });
    });

    describe('an abort', () => {
      it('that came before ends the call with its reason, and nothing is sent', async () => {
        const reason = new Error('enough');
        const gone = AbortSignal.abort(reason);
        const bytes = Buffer.from('hello');
        const checksum = await checksumOf(ALGORITHM, bytes);
        await expect(store.put(named('a'), bytes, checksum, CREATE, IGNORE, gone)).rejects.toBe(reason);
        await expect(store.head('a', gone)).rejects.toBe(reason);
        expect(await store.head('a', NEVER)).toBeNull();
      });

      it('in the middle ends the call with its reason', async () => {
        const reason = new Error('enough');
        const during = new AbortController();
        const work = store.head('a', during.signal);
        during.abort(reason);
        await expect(work).rejects.toBe(reason);
      });
    });

    it('answers a probe', async () => {
      await expect(store.probe(NEVER)).resolves.toBeUndefined();
    });
  });
}
