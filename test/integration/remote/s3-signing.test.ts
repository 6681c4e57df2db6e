import type { IncomingMessage } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checksumOf } from '../../../src/core/checksum.ts';
import type { ObjectStore } from '../../../src/core/ports.ts';
import type { S3Options } from '../../../src/remote/s3/options.ts';
import { afterBody, startFaultServer } from '../../support/fault-server.ts';
import { failure, putBytes, storeAt } from '../../support/s3-store.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';

const NEVER = new AbortController().signal;
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function keep(store: ObjectStore): ObjectStore {
  cleanups.push(() => store.close());
  return store;
}

const KEYS = [
  'plain.txt',
  'a//b///c',
  './../.',
  '..',
  'a+b c%20d',
  "~!*'();:@&=+$,?#[]",
  'ü/日本語/🎉',
  'new\nline\ttab',
  '\\back"<>^`{|}',
  '/leading',
  'trailing/',
];

interface Seen {
  readonly target: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Differ by nature, or by who made the request. */
const OWN = /^(?:authorization|amz-sdk-.*|user-agent|x-amz-user-agent|x-amz-date|connection|accept.*)$/;

function seen(request: IncomingMessage): Seen {
  // The SDK gives parts a type, which means nothing.
  const isPart = (request.url ?? '').includes('partNumber=');
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !OWN.test(name) && !(isPart && name === 'content-type')),
  );
  return { target: request.url ?? '', method: request.method ?? '', headers };
}

/** What a store sends for its frequent requests, as a service at the end of a proxy gets it. */
async function requestsOf(more: Partial<S3Options>): Promise<Seen[]> {
  const got: Seen[] = [];
  const server = await startFaultServer(
    afterBody((reply, _, request) => {
      got.push(seen(request));
      reply.writeHead(200, { etag: '"e"', ...(request.method === 'HEAD' ? { 'content-length': '1' } : {}) }).end();
    }),
  );
  cleanups.push(() => server.close());
  const proxyFor = () => ({ url: server.url, authorization: null });
  const store = keep(storeAt('http://s3.test:9000', { ...more, proxyFor }));
  const bytes = Buffer.from('content');
  const checksum = await checksumOf('CRC64NVME', bytes);
  const object = { contentType: 'text/plain; charset=utf-8', metadata: { 'Longshore-Op': 'op  1 ', b: 'a,b' } };
  for (const key of KEYS) {
    await store.head(key, NEVER);
    await store.put({ key, ...object }, bytes, checksum, { kind: 'create' }, () => {}, NEVER);
    await store.uploadPart(key, 'up/load+id==', 7, bytes, checksum, () => {}, NEVER);
  }
  await store.put({ key: 'k', ...object }, Buffer.alloc(0), checksum, { kind: 'replace', etag: 'e' }, () => {}, NEVER);
  return got;
}

describe('the lean path sends what the SDK sends', () => {
  it.each<[string, Partial<S3Options>]>([
    ['path style', {}],
    ['virtual-host style', { forcePathStyle: false }],
    ['an address with a path', { endpoint: 'http://s3.test:9000/some/base' }],
    [
      'a session token',
      { credentials: { kind: 'literal', accessKeyId: 'A', secretAccessKey: 's', sessionToken: 't/+=' } },
    ],
    ['Content-MD5', { dialect: { checksums: false, quotedIfMatch: false } }],
  ])('%s', async (_, more) => {
    const lean = await requestsOf({ ...more, signing: 'lean' });
    const sdk = await requestsOf({ ...more, signing: 'sdk' });
    // The SDK tells in the query which operation it is.
    const plain = (requests: Seen[]) =>
      requests.map((one) => ({ ...one, target: one.target.replace(/([?&])x-id=\w+&?/, '$1').replace(/[?&]$/, '') }));
    expect(plain(lean)).toEqual(plain(sdk));
    expect(lean).toHaveLength(KEYS.length * 3 + 1);
  });

  it('is what is used where a plain signature is enough', async () => {
    const [first] = await requestsOf({});
    expect(first?.target).not.toContain('x-id=');
  });
});

describe.each(['lean', 'sdk'] as const)('signed by: %s', (signing) => {
  async function standIn(options: Parameters<typeof startStandIn>[0] = {}): Promise<StandIn> {
    const server = await startStandIn({ buckets: ['demo'], ...options });
    cleanups.push(() => server.close());
    return server;
  }

  it('any key arrives as it is, with its signature', async () => {
    const server = await standIn();
    const store = keep(storeAt(server.endpoint, { signing }));
    const bytes = Buffer.from('x');
    const checksum = await checksumOf('CRC64NVME', bytes);
    for (const key of KEYS) {
      const object = { key, contentType: 'text/plain', metadata: {} };
      await store.put(object, bytes, checksum, { kind: 'create' }, () => {}, NEVER);
      expect(await store.head(key, NEVER)).toMatchObject({ sizeBytes: 1 });
    }
    const keys = server.counters
      .log()
      .filter(({ operation }) => operation === 'PutObject')
      .map(({ key }) => key);
    expect(keys).toEqual(KEYS);
  });

  it('a clock that is an hour off is corrected by the service’s own, and the request sent again', async () => {
    const server = await standIn();
    const clock = { now: () => Date.now() - 3_600_000 };
    const store = keep(storeAt(server.endpoint, { signing }, undefined, clock));
    let reported = 0;
    await putBytes(store, Buffer.alloc(300_000), (bytes) => (reported += bytes));
    expect(reported).toBe(300_000);
    expect((await store.head('a.bin', NEVER))?.sizeBytes).toBe(300_000);
    await store.probe(NEVER);
    const refused = server.counters.log().filter(({ status }) => status === 403);
    expect(refused).toHaveLength(1);
  });

  it('a time that is refused although it is the service’s own is told as it is', async () => {
    const server = await standIn();
    server.faults.add({ fault: { kind: 'error', status: 403, code: 'RequestTimeTooSkewed' } });
    const store = keep(storeAt(server.endpoint, { signing }));
    expect(await failure(putBytes(store, Buffer.from('x')))).toMatchObject({ code: 's3.clock-skew' });
    expect(server.counters.log()).toHaveLength(1);
  });

  it('keys of a profile that the service refuses are had anew', async () => {
    const server = await standIn();
    const dir = await mkdtemp(path.join(tmpdir(), 'longshore-aws-'));
    cleanups.push(() => rm(dir, { recursive: true, force: true }));
    const before = process.env['AWS_SHARED_CREDENTIALS_FILE'];
    const file = path.join(dir, 'credentials');
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = file;
    cleanups.push(() => {
      if (before === undefined) delete process.env['AWS_SHARED_CREDENTIALS_FILE'];
      else process.env['AWS_SHARED_CREDENTIALS_FILE'] = before;
    });
    const write = (id: string) => {
      const secret = server.credentials.secretAccessKey;
      return writeFile(file, `[work]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`);
    };
    const store = keep(storeAt(server.endpoint, { signing, credentials: { kind: 'profile', profile: 'work' } }));
    await write('AKIDOLD');
    expect(await failure(putBytes(store, Buffer.from('x')))).toMatchObject({ code: 's3.bad-credentials' });
    await write(server.credentials.accessKeyId);
    await putBytes(store, Buffer.from('x'));
    expect((await store.head('a.bin', NEVER))?.sizeBytes).toBe(1);
  });
});
