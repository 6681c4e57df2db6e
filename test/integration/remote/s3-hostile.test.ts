/** Replies that no honest service gives, or that something on the way has made of them: each has its class, and its words. */
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { checksumOf } from '../../../src/core/checksum.ts';
import type { LongshoreError } from '../../../src/core/longshore-error.ts';
import type { ObjectStore } from '../../../src/core/ports.ts';
import { afterBody, startFaultServer, type Answer } from '../../support/fault-server.ts';
import { failure, putBytes, storeAt } from '../../support/s3-store.ts';
import { until } from '../../support/until.ts';

const NEVER = new AbortController().signal;
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function against(answer: Answer, signing: 'lean' | 'sdk' = 'lean') {
  const server = await startFaultServer(answer);
  const store = storeAt(server.url, { signing });
  cleanups.push(() => server.close());
  cleanups.push(() => store.close());
  return { server, store };
}

const version = { key: 'from', etag: 'e', versionId: null };
const object = { key: 'to', contentType: 'a/b', metadata: {} };
/** One request of each kind that has an effect or tells what is there. */
const REQUESTS: Readonly<Record<string, (store: ObjectStore) => Promise<unknown>>> = {
  put: (store) => putBytes(store, Buffer.from('x')),
  create: (store) => store.createUpload(object, 'CRC32', NEVER),
  complete: async (store) => {
    const checksum = await checksumOf('CRC32', Buffer.from('x'));
    return store.completeUpload('to', 'u', [{ number: 1, etag: 'e', checksum }], checksum, { kind: 'create' }, NEVER);
  },
  copy: (store) => store.copy(version, object, { kind: 'create' }, NEVER),
  remove: (store) => store.remove('to', 'e', NEVER),
  parts: (store) => store.listParts('to', 'u', NEVER),
  read: (store) => store.read(version, 0, () => {}, NEVER),
};

/** How every kind of request fails against an answer, through both ways of signing. */
async function failures(answer: Answer): Promise<Map<string, LongshoreError>> {
  const found = new Map<string, LongshoreError>();
  for (const signing of ['lean', 'sdk'] as const) {
    const { store } = await against(answer, signing);
    for (const [name, request] of Object.entries(REQUESTS))
      found.set(`${name}, ${signing}`, await failure(request(store)));
  }
  return found;
}

const says = (status: number, body: string | Buffer, headers: Record<string, string> = {}): Answer =>
  afterBody((reply) => reply.writeHead(status, headers).end(body));
const document = (code: string, more = '') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>In the service’s words</Message>${more}</Error>`;

describe('P11: a reply that every request may get ends in the right class, in words', () => {
  it.each([
    ['a token that has expired', says(400, document('ExpiredToken')), 's3.bad-credentials', 'permanent'],
    [
      'a bucket in another region, by 301',
      says(301, document('PermanentRedirect'), {
        location: 'https://b.s3.eu-west-3.example/',
        'x-amz-bucket-region': 'eu-west-3',
      }),
      's3.wrong-region',
      'permanent',
    ],
    [
      'a bucket in another region, by the signature',
      says(400, document('AuthorizationHeaderMalformed', '<Region>eu-west-3</Region>')),
      's3.wrong-region',
      'permanent',
    ],
    [
      'a bucket that is being moved, by 307',
      says(307, document('TemporaryRedirect'), { location: 'https://elsewhere.example/' }),
      's3.server-error',
      'transient',
    ],
    [
      'a refusal that something on the way has compressed',
      says(403, gzipSync(document('AccessDenied')), { 'content-encoding': 'gzip' }),
      's3.access-denied',
      'permanent',
    ],
    [
      'an error without length, in pieces',
      afterBody((reply) => {
        reply.writeHead(500);
        const text = document('InternalError');
        reply.write(text.slice(0, 50), () => reply.end(text.slice(50)));
      }),
      's3.server-error',
      'transient',
    ],
  ] as const)('%s', async (_, answer, code, kind) => {
    for (const [request, error] of await failures(answer)) {
      expect(error, request).toMatchObject({ code, class: kind });
      expect(error.context.detail, request).toContain('In the service’s words');
      if (code === 's3.wrong-region') expect(error.context.detail, request).toContain('it is in eu-west-3');
      // A permanent refusal is one before any effect: nothing has to be looked for afterwards.
      if (kind === 'permanent') expect(error.context.sent, request).toBe(false);
    }
  });

  it('compressed gibberish is not shown to anyone', async () => {
    const answer = says(400, Buffer.from([0x1f, 0x8b, 0, 1, 2, 3, 0xff, 0xfe]), { 'content-encoding': 'gzip' });
    for (const [request, error] of await failures(answer)) {
      expect(error.code, request).toBe('s3.rejected');
      expect(error.context.detail ?? '', request).toBe('');
    }
  });

  it('a bomb of a body that unpacks to more than any reply has', async () => {
    const answer = says(500, gzipSync(Buffer.alloc(64 * 2 ** 20)), { 'content-encoding': 'gzip' });
    for (const [request, error] of await failures(answer))
      expect(error, request).toMatchObject({ code: 's3.server-error', class: 'transient' });
  });
});

describe('P3: a good status alone is no success', () => {
  const whatComes = async (answer: Answer, names: readonly string[]) => {
    for (const signing of ['lean', 'sdk'] as const) {
      const { store } = await against(answer, signing);
      for (const name of names) {
        const error = await failure(REQUESTS[name]!(store));
        // The service may have acted: the next attempt looks first.
        expect(error, name).toMatchObject({ class: 'transient', context: { sent: true } });
      }
    }
  };
  const TELLING = ['create', 'complete', 'copy', 'parts'];

  it('an error document, also after spaces that keep the line alive', async () => {
    await whatComes(says(200, `   \n ${document('InternalError')}`), TELLING);
  });

  it('a document that was cut, at any byte of it', async () => {
    const whole =
      '<?xml version="1.0"?><CopyObjectResult><ETag>"e"</ETag><LastModified>2026-01-01T00:00:00Z</LastModified></CopyObjectResult>';
    for (const length of [0, 10, 25, 48, 60, whole.length - 30, whole.length - 3])
      await whatComes(says(200, whole.slice(0, length)), ['copy']);
  });

  it('one that breaks off without length, by the end of the connection', async () => {
    const answer = afterBody((reply) => {
      const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\nconnection: close\r\n\r\n';
      reply.socket?.end(`${head}<?xml version="1.0"?><CompleteMultipartUploadResult><Key>to</Key>`);
    });
    await whatComes(answer, TELLING);
  });

  it('chunks that break off', async () => {
    const answer = afterBody((reply) => {
      const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ntransfer-encoding: chunked\r\n\r\n';
      reply.socket?.end(`${head}15\r\n<?xml version="1.0"?>\r\n`);
    });
    await whatComes(answer, TELLING);
  });

  it('a compressed document says what it says', async () => {
    const done =
      '<?xml version="1.0"?><CopyObjectResult><ETag>"e1"</ETag><LastModified>2026-01-01T00:00:00Z</LastModified></CopyObjectResult>';
    for (const signing of ['lean', 'sdk'] as const) {
      const { store } = await against(says(200, gzipSync(done), { 'content-encoding': 'gzip' }), signing);
      expect(await store.copy(version, object, { kind: 'create' }, NEVER)).toMatchObject({ etag: 'e1' });
    }
  });
});

describe('a body without end', () => {
  /** Writes as long as it is heard. */
  const endless = (status: number): Answer =>
    afterBody((reply) => {
      reply.writeHead(status, { 'content-type': 'application/xml' });
      const chunk = Buffer.alloc(256 * 1024, ' ');
      const more = () => {
        while (!reply.destroyed && reply.write(chunk));
      };
      reply.on('drain', more).on('error', () => undefined);
      more();
    });

  it.each([200, 500])('under %i is cut off, and the connection with it', async (status) => {
    const { server, store } = await against(endless(status));
    for (const name of ['complete', 'copy', 'parts']) {
      const error = await failure(REQUESTS[name]!(store));
      expect(error, name).toMatchObject({ code: 's3.server-error', class: 'transient', context: { sent: true } });
    }
    await until('the connections are gone', () => server.openSockets === 0);
  });

  it('of an object is more than it has: whoever takes it says so, and nothing more comes', async () => {
    const { server, store } = await against(endless(200));
    let taken = 0;
    const enough = new Error('more bytes came than it has');
    const read = store.read(
      version,
      0,
      (chunk) => {
        taken += chunk.length;
        if (taken > 2 ** 20) throw enough;
      },
      NEVER,
    );
    expect(await read.catch((error: unknown) => error)).toBeInstanceOf(Error);
    await until('the connection is gone', () => server.openSockets === 0);
    expect(taken).toBeLessThan(4 * 2 ** 20);
  });
});
