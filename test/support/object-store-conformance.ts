import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checksumOf, combineChecksums } from '../../src/core/checksum.ts';
import { LongshoreError } from '../../src/core/longshore-error.ts';
import type {
  Checksum,
  ChecksumAlgorithm,
  ObjectStore,
  ObjectVersion,
  WriteCondition,
  WriteReply,
} from '../../src/core/ports.ts';

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

/**
 * What every ObjectStore owes, the S3 adapter over a server and the simulator's alike. `deviations` has a reason for each
 * check, by its name, that the server under the adapter can't pass.
 */
export function describeObjectStoreConformance(
  title: string,
  makeHarness: () => Promise<StoreHarness>,
  deviations: Readonly<Record<string, string>> = {},
): void {
  const names = new Set<string>();
  /** A deviation must still occur: an entry that is no longer true fails. */
  const check = (name: string, run: () => Promise<void>) => {
    names.add(name);
    const reason = deviations[name];
    if (reason === undefined) it(name, run);
    else it.fails(`${name} (deviates: ${reason})`, run);
  };
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
      check('stores what it is given and says what it has', async () => {
        const reply = await put('d/a +%\u00fc.txt', 'hello');
        const checksum = await checksumOf(ALGORITHM, Buffer.from('hello'));
        expect(reply).toMatchObject({ etag: md5(Buffer.from('hello')), checksums: [checksum], etagIsMd5: true });
        const found = await store.head('d/a +%\u00fc.txt', NEVER);
        expect(found).toMatchObject({ etag: reply.etag, sizeBytes: 5, etagIsMd5: true, checksums: [checksum] });
        expect(found?.metadata['longshore-op']).toMatch(/^op of/);
        expect(found?.lastModified).not.toBeNull();
      });

      check('has nothing where nothing was put', async () => {
        expect(await store.head('none', NEVER)).toBeNull();
      });

      check('stores an empty object', async () => {
        await put('empty', '');
        expect(await store.head('empty', NEVER)).toMatchObject({ sizeBytes: 0, etag: md5(Buffer.alloc(0)) });
      });

      check('counts the bytes on their way', async () => {
        const bytes = Buffer.from('twelve bytes');
        let sent = 0;
        const count = (more: number) => {
          sent += more;
        };
        await store.put(named('a'), bytes, await checksumOf(ALGORITHM, bytes), CREATE, count, NEVER);
        expect(sent).toBe(bytes.byteLength);
      });

      check('refuses bytes that are not those of the checksum, and keeps nothing of them', async () => {
        const other = await checksumOf(ALGORITHM, Buffer.from('other'));
        const work = store.put(named('a'), Buffer.from('hello'), other, CREATE, IGNORE, NEVER);
        expect((await codeOf(work)).code).toBe('s3.checksum-mismatch');
        expect(await store.head('a', NEVER)).toBeNull();
      });
    });

    describe('conditions', () => {
      check('create refuses where something is', async () => {
        await put('a', 'one');
        expect(await codeOf(put('a', 'two'))).toEqual({ code: 'conflict.exists', sent: false });
        expect((await store.head('a', NEVER))?.etag).toBe(md5(Buffer.from('one')));
      });

      check('replace goes over the version that it names, and no other', async () => {
        const first = await put('a', 'one');
        const second = await put('a', 'two', replace(first.etag!));
        expect(await codeOf(put('a', 'three', replace(first.etag!)))).toEqual({
          code: 'conflict.changed',
          sent: false,
        });
        expect((await store.head('a', NEVER))?.etag).toBe(second.etag);
      });

      check('replace finds that the object is gone', async () => {
        expect((await codeOf(put('a', 'one', replace(md5(Buffer.from('x')))))).code).toBe('conflict.deleted');
      });

      check('hold for Complete, and leave the upload open where they do not', async () => {
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
      check('become one object with the checksum of the whole', async () => {
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

      check('list their parts in order, with size, ETag and checksum', async () => {
        const sent = await twoParts('a');
        const listed = await store.listParts('a', sent.uploadId, NEVER);
        expect(listed.map(({ number, sizeBytes, etag }) => ({ number, sizeBytes, etag }))).toEqual(
          sent.parts.map(({ number, sizeBytes, etag }) => ({ number, sizeBytes, etag })),
        );
        for (const [index, { checksum }] of listed.entries()) expect(checksum).toEqual(sent.parts[index]?.checksum);
      });

      check('take a part again: the last one counts', async () => {
        const sent = await twoParts('a');
        const again = await part('a', sent.uploadId, 2, Buffer.from('another end'));
        const parts = [sent.parts[0]!, again];
        await complete('a', { ...sent, parts, checksum: combineChecksums(ALGORITHM, parts) });
        expect((await store.head('a', NEVER))?.sizeBytes).toBe(harness.partSizeBytes + 'another end'.length);
      });

      check('refuse a part that is not that of its checksum', async () => {
        const uploadId = await begin('a');
        const other = await checksumOf(ALGORITHM, Buffer.from('other'));
        const work = store.uploadPart('a', uploadId, 1, Buffer.from('hello'), other, IGNORE, NEVER);
        expect((await codeOf(work)).code).toBe('s3.checksum-mismatch');
        expect(await store.listParts('a', uploadId, NEVER)).toEqual([]);
      });

      check('refuse to complete with another checksum than that of the whole', async () => {
        const sent = await twoParts('a');
        const wrong = await checksumOf(ALGORITHM, Buffer.from('other'));
        expect((await codeOf(complete('a', sent, CREATE, wrong))).code).toBe('s3.checksum-mismatch');
        expect(await store.head('a', NEVER)).toBeNull();
      });

      check('refuse to complete with a part that is another', async () => {
        const sent = await twoParts('a');
        const parts = [sent.parts[0]!, { ...sent.parts[1]!, etag: md5(Buffer.from('other')) }];
        expect((await codeOf(complete('a', { ...sent, parts }))).code).toBe('s3.no-such-upload');
      });

      check('are known by key and id while they are open, and gone when aborted or completed', async () => {
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

      check('are aborted without complaint when they are not known', async () => {
        const uploadId = await begin('a');
        await store.abortUpload('a', uploadId, NEVER);
        await expect(store.abortUpload('a', uploadId, NEVER)).resolves.toBeUndefined();
      });

      check('leave one object when Complete is repeated, whatever the second answer is', async () => {
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
      check('that came before ends the call with its reason, and nothing is sent', async () => {
        const reason = new Error('enough');
        const gone = AbortSignal.abort(reason);
        const bytes = Buffer.from('hello');
        const checksum = await checksumOf(ALGORITHM, bytes);
        await expect(store.put(named('a'), bytes, checksum, CREATE, IGNORE, gone)).rejects.toBe(reason);
        await expect(store.head('a', gone)).rejects.toBe(reason);
        expect(await store.head('a', NEVER)).toBeNull();
      });

      check('in the middle ends the call with its reason', async () => {
        const reason = new Error('enough');
        const during = new AbortController();
        const work = store.head('a', during.signal);
        during.abort(reason);
        await expect(work).rejects.toBe(reason);
      });
    });

    const readAll = async (key: string, etag: string, offset = 0) => {
      const chunks: Uint8Array[] = [];
      await store.read(
        { key, etag, versionId: null },
        offset,
        (chunk) => void chunks.push(Uint8Array.from(chunk)),
        NEVER,
      );
      return Buffer.concat(chunks);
    };
    /** The version that a write left. */
    const versionOf = (key: string, reply: WriteReply): ObjectVersion => ({
      key,
      etag: reply.etag!,
      versionId: reply.versionId,
    });

    describe('server-side copies', () => {
      const copied = { key: 'to +%\u00fc', contentType: 'text/plain', metadata: { 'longshore-op': 'op of the copy' } };

      check('have the bytes of their source and the attributes that are given', async () => {
        const source = versionOf('a +%\u00fc/..', await put('a +%\u00fc/..', 'hello'));
        const reply = await store.copy(source, copied, CREATE, NEVER);
        const found = await store.head(copied.key, NEVER);
        const checksum = await checksumOf(ALGORITHM, Buffer.from('hello'));
        expect(found).toMatchObject({ sizeBytes: 5, etag: reply.etag ?? '', checksums: [checksum] });
        expect(found?.metadata['longshore-op']).toBe('op of the copy');
        expect((await readAll(copied.key, found!.etag)).toString()).toBe('hello');
        expect((await store.head(source.key, NEVER))?.etag).toBe(source.etag);
      });

      check('P4: are pinned to the version of their source', async () => {
        const first = await put('a', 'one');
        await put('a', 'two', replace(first.etag!));
        const old = { key: 'a', etag: first.etag!, versionId: null };
        const refused = await codeOf(store.copy(old, copied, CREATE, NEVER));
        expect(refused).toEqual({ code: 's3.precondition-failed', sent: false });
        expect(await store.head(copied.key, NEVER)).toBeNull();
      });

      check('P4: hold to the condition on their target', async () => {
        const source = versionOf('a', await put('a', 'mine'));
        const theirs = await put(copied.key, 'theirs');
        const other = replace(md5(Buffer.from('x')));
        expect((await codeOf(store.copy(source, copied, CREATE, NEVER))).code).toBe('s3.precondition-failed');
        expect((await codeOf(store.copy(source, copied, other, NEVER))).code).toBe('s3.precondition-failed');
        expect((await store.head(copied.key, NEVER))?.etag).toBe(theirs.etag);
        await store.copy(source, copied, replace(theirs.etag!), NEVER);
        expect((await store.head(copied.key, NEVER))?.etag).toBe(source.etag);
      });

      check('find that their source is gone', async () => {
        const gone = { key: 'a', etag: md5(Buffer.from('x')), versionId: null };
        expect((await codeOf(store.copy(gone, copied, CREATE, NEVER))).code).toBe('s3.no-such-key');
      });

      check('can be parts of an upload, pinned as well', async () => {
        const bytes = Buffer.concat([Buffer.alloc(harness.partSizeBytes, 'a'), Buffer.from('the end')]);
        const source = versionOf('a', await put('a', bytes.toString()));
        const uploadId = await begin(copied.key);
        const pieces = [bytes.subarray(0, harness.partSizeBytes), bytes.subarray(harness.partSizeBytes)];
        const parts = [];
        for (const [index, piece] of pieces.entries()) {
          const offset = index * harness.partSizeBytes;
          const number = index + 1;
          const { etag } = await store.copyPart(copied.key, uploadId, number, source, offset, piece.length, NEVER);
          expect(etag).toBe(md5(piece));
          parts.push({ number, etag, checksum: await checksumOf(ALGORITHM, piece), sizeBytes: piece.length });
        }
        const other = { ...source, etag: md5(Buffer.from('x')) };
        const pinned = store.copyPart(copied.key, uploadId, 3, other, 0, 1, NEVER);
        expect((await codeOf(pinned)).code).toBe('s3.precondition-failed');
        await complete(copied.key, { uploadId, parts, bytes, checksum: combineChecksums(ALGORITHM, parts) });
        const found = await store.head(copied.key, NEVER);
        expect((await readAll(copied.key, found!.etag)).equals(bytes)).toBe(true);
      });

      check('are completed without checksums, where the service told none of its parts', async () => {
        const bytes = Buffer.concat([Buffer.alloc(harness.partSizeBytes, 'a'), Buffer.from('the end')]);
        const source = versionOf('a', await put('a', bytes.toString()));
        const uploadId = await begin(copied.key);
        const { partSizeBytes } = harness;
        const one = await store.copyPart(copied.key, uploadId, 1, source, 0, partSizeBytes, NEVER);
        const rest = bytes.length - partSizeBytes;
        const two = await store.copyPart(copied.key, uploadId, 2, source, partSizeBytes, rest, NEVER);
        const parts = [one, two].map(({ etag }, index) => ({ number: index + 1, etag, checksum: null }));
        await store.completeUpload(copied.key, uploadId, parts, null, CREATE, NEVER);
        const found = await store.head(copied.key, NEVER);
        expect((await readAll(copied.key, found!.etag)).equals(bytes)).toBe(true);
      });

      check('refuse a part of an upload that is not known', async () => {
        const source = versionOf('a', await put('a', 'hello'));
        const uploadId = await begin('b');
        await store.abortUpload('b', uploadId, NEVER);
        const work = store.copyPart('b', uploadId, 1, source, 0, 5, NEVER);
        expect((await codeOf(work)).code).toBe('s3.no-such-upload');
      });
    });

    describe('removal', () => {
      check('takes the named version away', async () => {
        const { etag } = await put('a', 'one');
        await store.remove('a', etag, NEVER);
        expect(await store.head('a', NEVER)).toBeNull();
      });

      check('P4: leaves another version alone', async () => {
        const first = await put('a', 'one');
        const second = await put('a', 'two', replace(first.etag!));
        const refused = await codeOf(store.remove('a', first.etag, NEVER));
        expect(refused).toEqual({ code: 'conflict.changed', sent: false });
        expect((await store.head('a', NEVER))?.etag).toBe(second.etag);
      });

      check('of whatever there is asks for no version', async () => {
        await put('a', 'one');
        await store.remove('a', null, NEVER);
        expect(await store.head('a', NEVER)).toBeNull();
      });

      check('P5: of what is gone is done already', async () => {
        expect(await store.remove('a', null, NEVER)).toEqual({ versionId: null });
        expect(await store.remove('a', md5(Buffer.from('x')), NEVER)).toEqual({ versionId: null });
      });
    });

    describe('reading', () => {
      check('gives the whole object, or what follows an offset', async () => {
        const { etag } = await put('d/a +%\u00fc.txt', 'hello world');
        expect((await readAll('d/a +%\u00fc.txt', etag!)).toString()).toBe('hello world');
        expect((await readAll('d/a +%\u00fc.txt', etag!, 6)).toString()).toBe('world');
      });

      check('has nothing to give of an empty object, or behind the end', async () => {
        const empty = await put('empty', '');
        expect(await readAll('empty', empty.etag!)).toHaveLength(0);
        const five = await put('five', 'hello');
        expect(await readAll('five', five.etag!, 5)).toHaveLength(0);
      });

      check('P3: gives no byte of another version', async () => {
        const first = await put('a', 'one');
        await put('a', 'two', replace(first.etag!));
        const chunks: Uint8Array[] = [];
        const work = store.read(
          { key: 'a', etag: first.etag!, versionId: null },
          0,
          (one) => void chunks.push(one),
          NEVER,
        );
        expect((await codeOf(work)).code).toBe('conflict.changed');
        expect(chunks).toEqual([]);
      });

      check('finds that the object is gone', async () => {
        const work = readAll('a', md5(Buffer.from('x')));
        expect((await codeOf(work)).code).toBe('s3.no-such-key');
      });

      check('waits for whoever takes it, chunk by chunk', async () => {
        const bytes = Buffer.alloc(1024 * 1024, 'abc');
        const reply = await put('a', bytes.toString());
        let taking = 0;
        let total = 0;
        await store.read(
          versionOf('a', reply),
          0,
          async (chunk) => {
            expect(++taking).toBe(1);
            await new Promise((resolve) => setImmediate(resolve));
            taking -= 1;
            total += chunk.byteLength;
          },
          NEVER,
        );
        expect(total).toBe(bytes.length);
      });

      check('ends with the failure of whoever takes it', async () => {
        const reply = await put('a', 'hello');
        const full = new LongshoreError('local.disk-full');
        const work = store.read(versionOf('a', reply), 0, () => Promise.reject(full), NEVER);
        await expect(work).rejects.toBe(full);
      });

      check('ends with the reason of an abort', async () => {
        const reply = await put('a', Buffer.alloc(1024 * 1024, 'abc').toString());
        const stop = new AbortController();
        const reason = new Error('enough');
        const work = store.read(versionOf('a', reply), 0, () => stop.abort(reason), stop.signal);
        await expect(work).rejects.toBe(reason);
      });
    });

    check('goes on after its connections were refreshed', async () => {
      const { etag } = await put('a', 'one');
      const during = store.head('a', NEVER);
      store.refreshConnections();
      expect((await during)?.etag).toBe(etag);
      expect((await store.head('a', NEVER))?.etag).toBe(etag);
    });

    it('has no deviation of a check that is not there', () => {
      expect(Object.keys(deviations).filter((name) => !names.has(name))).toEqual([]);
    });

    check('answers a probe', async () => {
      await expect(store.probe(NEVER)).resolves.toBeUndefined();
    });
  });
}
