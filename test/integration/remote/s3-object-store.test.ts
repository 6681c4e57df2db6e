import { inspect } from 'node:util';
import { CreateBucketCommand, DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checksumOf, combineChecksums } from '../../../src/core/checksum.ts';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import type { Checksum, ObjectStore, WriteCondition } from '../../../src/core/ports.ts';
import { createObjectStore } from '../../../src/remote/s3/object-store.ts';
import type { S3Options } from '../../../src/remote/s3/options.ts';
import { startMoto, startStandIn, type S3Endpoint, type StandIn } from '../../support/s3-servers.ts';
import { systemClock } from '../../support/system-clock.ts';

const NEVER = new AbortController().signal;
const PART_BYTES = 5 * 1024 * 1024;
const CREATE: WriteCondition = { kind: 'create' };
const NO_PROGRESS = () => {};

function optionsFor(server: S3Endpoint, more: Partial<S3Options> = {}): S3Options {
  return {
    endpoint: server.endpoint,
    region: server.region,
    bucket: 'demo',
    forcePathStyle: true,
    credentials: { kind: 'literal', ...server.credentials, sessionToken: null },
    prefix: '',
    publicUrl: null,
    ...more,
  };
}

async function refusalOf(work: Promise<unknown>): Promise<LongshoreError> {
  const error: unknown = await work.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof LongshoreError)) throw error;
  return error;
}

const describeObject = (key: string) => ({ key, contentType: 'text/plain', metadata: { 'longshore-op': 'op-1' } });

async function putText(store: ObjectStore, key: string, text: string, condition: WriteCondition = CREATE) {
  const bytes = Buffer.from(text);
  const checksum = await checksumOf('CRC64NVME', bytes);
  const reply = await store.put(describeObject(key), bytes, checksum, condition, NO_PROGRESS, NEVER);
  return { reply, checksum, etag: reply.etag! };
}

interface SentPart {
  readonly number: number;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly checksum: Checksum;
}

async function sendPart(
  store: ObjectStore,
  key: string,
  uploadId: string,
  number: number,
  bytes: Buffer,
): Promise<SentPart> {
  const checksum = await checksumOf('CRC64NVME', bytes);
  const { etag } = await store.uploadPart(key, uploadId, number, bytes, checksum, NO_PROGRESS, NEVER);
  return { number, sizeBytes: bytes.length, etag, checksum };
}

async function removeAway(server: S3Endpoint, key: string): Promise<void> {
  const other = otherClient(server);
  await other.send(new DeleteObjectCommand({ Bucket: 'demo', Key: key }));
  other.destroy();
}

function otherClient(server: S3Endpoint): S3Client {
  const { endpoint, region, credentials } = server;
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true });
}

interface Subject {
  readonly name: string;
  readonly start: () => Promise<S3Endpoint & { close(): Promise<void> }>;
  /** Refuses a wrong checksum, checks signatures, and honours If-Match on Complete. Moto does neither. */
  readonly strict: boolean;
}

const SUBJECTS: readonly Subject[] = [
  { name: 'the stand-in', start: () => startStandIn({ buckets: ['demo'] }), strict: true },
  {
    name: 'moto',
    async start() {
      const moto = await startMoto();
      const client = otherClient(moto);
      await client.send(new CreateBucketCommand({ Bucket: 'demo' }));
      client.destroy();
      return moto;
    },
    strict: false,
  },
];

describe.each(SUBJECTS)('the S3 adapter against $name', ({ start, strict }) => {
  let server: Awaited<ReturnType<Subject['start']>>;
  let store: ObjectStore;

  beforeAll(async () => {
    server = await start();
    store = createObjectStore(optionsFor(server), systemClock);
  }, 180_000);
  afterAll(async () => {
    store.close();
    await server.close();
  });

  it('probes', async () => {
    await store.probe(NEVER);
    const wrong = createObjectStore(optionsFor(server, { bucket: 'no-such-bucket' }), systemClock);
    expect((await refusalOf(wrong.probe(NEVER))).code).toBe('s3.no-such-bucket');
    wrong.close();
  });

  it.each(['plain.txt', 'dir/ü + %41 #?&=.txt', ' lead and trail ', '../dots/./x', "it's (a) !star*.txt"])(
    'puts and heads %j',
    async (name) => {
      const key = `names/${name}`;
      expect(await store.head(key, NEVER)).toBeNull();
      const { etag, checksum } = await putText(store, key, 'hello');
      expect(await store.head(key, NEVER)).toMatchObject({
        etag,
        sizeBytes: 5,
        metadata: { 'longshore-op': 'op-1' },
        checksums: [checksum],
        compositeChecksums: [],
        etagIsMd5: true,
      });
    },
  );

  it('puts an empty file', async () => {
    const { etag } = await putText(store, 'empty.txt', '');
    expect(etag).toBe('d41d8cd98f00b204e9800998ecf8427e');
    expect(await store.head('empty.txt', NEVER)).toMatchObject({ sizeBytes: 0 });
  });

  it('P4 creates only what is not there, and replaces only what it knows', async () => {
    const first = await putText(store, 'cond.txt', 'one');
    expect((await refusalOf(putText(store, 'cond.txt', 'two'))).code).toBe('conflict.exists');

    const second = await putText(store, 'cond.txt', 'two', { kind: 'replace', etag: first.etag });
    const stale = await refusalOf(putText(store, 'cond.txt', 'three', { kind: 'replace', etag: first.etag }));
    expect(stale).toMatchObject({ code: 'conflict.changed', context: { sent: false } });
    expect((await store.head('cond.txt', NEVER))?.etag).toBe(second.etag);

    await removeAway(server, 'cond.txt');
    const gone = await refusalOf(putText(store, 'cond.txt', 'four', { kind: 'replace', etag: second.etag }));
    expect(gone.code).toBe('conflict.deleted');
  });

  it('P6 resumes a multipart upload from its listed parts and completes it with a combined checksum', async () => {
    const key = 'large/resumed.bin';
    const content = [Buffer.alloc(PART_BYTES, 1), Buffer.alloc(PART_BYTES, 2), Buffer.from('the rest')] as const;
    const { uploadId } = await store.createUpload(describeObject(key), 'CRC64NVME', NEVER);
    const before = [
      await sendPart(store, key, uploadId, 1, content[0]),
      await sendPart(store, key, uploadId, 2, content[1]),
    ];
    expect(await store.listUploads('large/', NEVER)).toMatchObject([{ key, uploadId }]);

    // Another process goes on, with nothing but what was stored.
    const later = createObjectStore(optionsFor(server), systemClock);
    const listed = await later.listParts(key, uploadId, NEVER);
    expect(listed.map(({ number, sizeBytes, etag }) => ({ number, sizeBytes, etag }))).toEqual(
      before.map(({ number, sizeBytes, etag }) => ({ number, sizeBytes, etag })),
    );
    const parts = [...before, await sendPart(later, key, uploadId, 3, content[2])];
    const whole = combineChecksums('CRC64NVME', parts);
    expect(whole).toEqual(await checksumOf('CRC64NVME', Buffer.concat(content)));
    const reply = await later.completeUpload(key, uploadId, parts, whole, CREATE, NEVER);
    const head = await later.head(key, NEVER);
    expect(head).toMatchObject({ sizeBytes: 2 * PART_BYTES + 8, etag: reply.etag, etagIsMd5: true });
    if (strict) expect(head?.checksums).toEqual([whole]);
    expect(await later.listUploads('large/', NEVER)).toEqual([]);
    later.close();
  });

  it('P5 completing twice harms nothing', async () => {
    const key = 'large/twice.bin';
    const { uploadId } = await store.createUpload(describeObject(key), 'CRC64NVME', NEVER);
    const parts = [await sendPart(store, key, uploadId, 1, Buffer.from('once'))];
    const whole = combineChecksums('CRC64NVME', parts);
    const first = await store.completeUpload(key, uploadId, parts, whole, CREATE, NEVER);
    // Services differ in the answer: the same again, no such upload, or (told to create only) a conflict with ourselves.
    const again = await store.completeUpload(key, uploadId, parts, whole, CREATE, NEVER).then(
      (reply) => reply.etag,
      (error: LongshoreError) => error.code,
    );
    expect([first.etag, 's3.no-such-upload', 'conflict.exists']).toContain(again);
    expect((await store.head(key, NEVER))?.etag).toBe(first.etag);
  });

  it('P4 completes only under its condition', async () => {
    const key = 'large/cond.bin';
    const { etag } = await putText(store, key, 'theirs');
    const { uploadId } = await store.createUpload(describeObject(key), 'CRC64NVME', NEVER);
    const parts = [await sendPart(store, key, uploadId, 1, Buffer.from('ours'))];
    const whole = combineChecksums('CRC64NVME', parts);
    const refused = await refusalOf(store.completeUpload(key, uploadId, parts, whole, CREATE, NEVER));
    expect(refused.code).toBe('conflict.exists');
    if (strict) {
      const stale: WriteCondition = { kind: 'replace', etag: '0'.repeat(32) };
      expect((await refusalOf(store.completeUpload(key, uploadId, parts, whole, stale, NEVER))).code).toBe(
        'conflict.changed',
      );
    }
    await store.completeUpload(key, uploadId, parts, whole, { kind: 'replace', etag }, NEVER);
    expect(await store.head(key, NEVER)).toMatchObject({ sizeBytes: 4 });
  });

  it('P7 aborts, also what is gone already', async () => {
    const key = 'large/aborted.bin';
    const { uploadId } = await store.createUpload(describeObject(key), 'CRC64NVME', NEVER);
    await sendPart(store, key, uploadId, 1, Buffer.from('x'));
    await store.abortUpload(key, uploadId, NEVER);
    await store.abortUpload(key, uploadId, NEVER);
    expect(await store.listUploads('large/', NEVER)).toEqual([]);
    expect((await refusalOf(store.listParts(key, uploadId, NEVER))).code).toBe('s3.no-such-upload');
    // Moto answers this with 500.
    const late = await refusalOf(sendPart(store, key, uploadId, 2, Buffer.from('y')));
    expect(late.code).toBe(strict ? 's3.no-such-upload' : 's3.server-error');
  });

  it('links to the object without credentials, for a while', async () => {
    await putText(store, 'view/ü x.txt', 'look');
    const url = await store.viewUrl('view/ü x.txt');
    const reply = await fetch(url);
    expect(await reply.text()).toBe('look');
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('3600');
    expect([...new URL(url).searchParams.keys()].filter((name) => /checksum/i.test(name))).toEqual([]);
  });
});

describe('the S3 adapter and what only the stand-in can show', () => {
  let server: StandIn;
  let store: ObjectStore;

  beforeAll(async () => {
    server = await startStandIn({ buckets: ['demo'] });
    store = createObjectStore(optionsFor(server), systemClock);
  });
  afterAll(async () => {
    store.close();
    await server.close();
  });

  const storeWith = (credentials: S3Options['credentials']) =>
    createObjectStore(optionsFor(server, { credentials }), systemClock);

  it('tells wrong credentials, also where HEAD can only say 403', async () => {
    const literal = { kind: 'literal', ...server.credentials, sessionToken: null } as const;
    for (const wrong of [
      { ...literal, accessKeyId: 'AKIDOTHER' },
      { ...literal, secretAccessKey: 'not-the-secret' },
    ]) {
      const store = storeWith(wrong);
      expect((await refusalOf(store.probe(NEVER))).code).toBe('s3.bad-credentials');
      const error = await refusalOf(store.head('a', NEVER));
      expect(error.code).toBe('s3.bad-credentials');
      // P12: nor the string to sign and the key id that the service repeats.
      const all = inspect(error, { depth: 20, showHidden: true });
      expect(all).not.toMatch(/not-the-secret|AKIDOTHER|AWS4-HMAC-SHA256\n|Signature=[0-9a-f]/);
      store.close();
    }
  });

  it('takes credentials from the environment and from a secret', async () => {
    const secret = storeWith({
      kind: 'secret',
      resolve: () => Promise.resolve({ ...server.credentials, sessionToken: null }),
    });
    await secret.probe(NEVER);
    secret.close();

    const missing = storeWith({
      kind: 'secret',
      resolve: () => Promise.reject(new LongshoreError('config.secret-missing', { subject: 'main' })),
    });
    expect((await refusalOf(missing.probe(NEVER))).code).toBe('config.secret-missing');
    missing.close();

    const nowhere = storeWith({ kind: 'profile', profile: 'longshore-test-no-such-profile' });
    expect((await refusalOf(nowhere.probe(NEVER))).code).toBe('config.credentials-missing');
    nowhere.close();

    const before = { ...process.env };
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
    });
    try {
      const env = storeWith({ kind: 'env' });
      await env.probe(NEVER);
      env.close();
    } finally {
      for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });

  it('takes a newline in a key, and refuses one that is too long by its name', async () => {
    const { etag } = await putText(store, 'new\nline', 'x');
    expect(await store.head('new\nline', NEVER)).toMatchObject({ etag });
    expect((await refusalOf(putText(store, 'k'.repeat(1_025), 'x'))).code).toBe('s3.key-too-long');
  });

  it('notices a body that is not what its checksum says', async () => {
    const wrong = await checksumOf('CRC64NVME', Buffer.from('something else'));
    const work = store.put(describeObject('bad.txt'), Buffer.from('content'), wrong, CREATE, NO_PROGRESS, NEVER);
    expect(await refusalOf(work)).toMatchObject({ code: 's3.checksum-mismatch', class: 'transient' });
    expect(await store.head('bad.txt', NEVER)).toBeNull();
  });

  it('notices a whole that is not what its checksum says', async () => {
    const { uploadId } = await store.createUpload(describeObject('bad.bin'), 'CRC64NVME', NEVER);
    const parts = [await sendPart(store, 'bad.bin', uploadId, 1, Buffer.from('content'))];
    const wrong = await checksumOf('CRC64NVME', Buffer.from('something else'));
    const error = await refusalOf(store.completeUpload('bad.bin', uploadId, parts, wrong, CREATE, NEVER));
    expect(error.code).toBe('s3.checksum-mismatch');
    await store.abortUpload('bad.bin', uploadId, NEVER);
  });

  it('P3 a PUT whose reply was lost is known to be ambiguous, and is recognised by its metadata', async () => {
    server.faults.add({
      operation: 'PutObject',
      key: 'lost.txt',
      times: 1,
      fault: { kind: 'reset', when: 'after-effect' },
    });
    const error = await refusalOf(putText(store, 'lost.txt', 'mine'));
    expect(error).toMatchObject({ code: 'net.reset', context: { sent: true } });
    expect((await store.head('lost.txt', NEVER))?.metadata).toEqual({ 'longshore-op': 'op-1' });
  });

  it('a busy service and a full one', async () => {
    server.faults.add({
      operation: 'PutObject',
      times: 1,
      fault: { kind: 'error', status: 503, code: 'SlowDown', retryAfterSeconds: 4 },
    });
    expect(await refusalOf(putText(store, 'slow.txt', 'x'))).toMatchObject({
      code: 's3.slow-down',
      context: { retryAfterMs: 4_000, sent: false },
    });
    server.faults.add({
      operation: 'PutObject',
      times: 1,
      fault: { kind: 'error', status: 507, code: 'XMinioStorageFull' },
    });
    expect(await refusalOf(putText(store, 'full.txt', 'x'))).toMatchObject({ code: 's3.quota', class: 'business' });
  });

  it('two writes at once are no conflict', async () => {
    server.faults.add({
      operation: 'CompleteMultipartUpload',
      times: 1,
      fault: { kind: 'error', status: 409, code: 'ConditionalRequestConflict' },
    });
    const { uploadId } = await store.createUpload(describeObject('race.bin'), 'CRC64NVME', NEVER);
    const parts = [await sendPart(store, 'race.bin', uploadId, 1, Buffer.from('x'))];
    const work = store.completeUpload('race.bin', uploadId, parts, combineChecksums('CRC64NVME', parts), CREATE, NEVER);
    expect(await refusalOf(work)).toMatchObject({
      code: 's3.busy',
      class: 'transient',
      context: { serviceCode: 'ConditionalRequestConflict' },
    });
    await store.abortUpload('race.bin', uploadId, NEVER);
  });

  it('lists more parts than fit on a page', async () => {
    const { uploadId } = await store.createUpload(describeObject('many.bin'), 'CRC32', NEVER);
    const bytes = Buffer.from('p');
    const checksum = await checksumOf('CRC32', bytes);
    const numbers = Array.from({ length: 1_050 }, (_, index) => index + 1);
    for (let from = 0; from < numbers.length; from += 50) {
      await Promise.all(
        numbers
          .slice(from, from + 50)
          .map((number) => store.uploadPart('many.bin', uploadId, number, bytes, checksum, NO_PROGRESS, NEVER)),
      );
    }
    const listed = await store.listParts('many.bin', uploadId, NEVER);
    expect(listed.map((part) => part.number)).toEqual(numbers);
    expect(listed.every((part) => part.checksum?.value === checksum.value)).toBe(true);
    await store.abortUpload('many.bin', uploadId, NEVER);
  });
});
