import type { IncomingMessage } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { checksumOf } from '../../../src/core/checksum.ts';
import type { ObjectStore } from '../../../src/core/ports.ts';
import type { S3Options } from '../../../src/remote/s3/options.ts';
import { afterBody, closedPort, startFaultServer, type Answer, type FaultServer } from '../../support/fault-server.ts';
import { LOOPBACK_CERTIFICATE } from '../../support/loopback-tls.ts';
import { failure, putBytes, storeAt as newStoreAt } from '../../support/s3-store.ts';
import { until } from '../../support/until.ts';

const NEVER = new AbortController().signal;
const MIB = 1024 * 1024;
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(answer: Answer, tls = false): Promise<FaultServer> {
  const server = await startFaultServer(answer, tls);
  cleanups.push(() => server.close());
  return server;
}

function storeAt(endpoint: string, more: Partial<S3Options> = {}): ObjectStore {
  const store = newStoreAt(endpoint, more);
  cleanups.push(() => store.close());
  return store;
}

describe('services that can’t be reached', () => {
  it('nothing listens: net.refused, not sent', async () => {
    const error = await failure(putBytes(storeAt(`http://127.0.0.1:${await closedPort()}`), Buffer.from('x')));
    expect(error).toMatchObject({
      code: 'net.refused',
      class: 'unreachable',
      context: { sent: false, subject: 'a.bin' },
    });
  });

  it('no such host: net.dns', async () => {
    const error = await failure(storeAt('http://no-such-host.invalid').probe(NEVER));
    expect(error).toMatchObject({ code: 'net.dns', context: { sent: false } });
  });

  it('a certificate that nobody trusts: net.tls', async () => {
    const server = await serve(() => {}, true);
    const error = await failure(putBytes(storeAt(server.url), Buffer.from('x')));
    expect(error).toMatchObject({ code: 'net.tls', context: { sent: false } });
  });

  it('no TLS at all behind https: net.tls', async () => {
    const server = await serve(() => {});
    const error = await failure(storeAt(server.url.replace('http:', 'https:')).probe(NEVER));
    expect(error.code).toBe('net.tls');
    expect(error.context.sent).toBe(false);
  });

  it('a TLS handshake that never comes: net.connect-timeout', async () => {
    const silent = createServer((socket) => {
      socket.on('error', () => {});
      cleanups.push(() => void socket.destroy());
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const error = await failure(putBytes(storeAt(`https://127.0.0.1:${port}`), Buffer.from('x')));
    expect(error).toMatchObject({ code: 'net.connect-timeout', class: 'unreachable', context: { sent: false } });
  });
});

describe('connections that break', () => {
  it('a reset before any reply: net.reset, and it may have arrived', async () => {
    const server = await serve(afterBody((reply) => reply.socket?.resetAndDestroy()));
    const error = await failure(putBytes(storeAt(server.url), Buffer.from('x')));
    expect(error).toMatchObject({ code: 'net.reset', class: 'transient', context: { sent: true } });
  });

  it('a reset in the middle of the body', async () => {
    const server = await serve((request) => {
      request.once('data', () => request.socket.resetAndDestroy());
    });
    const error = await failure(putBytes(storeAt(server.url), Buffer.alloc(16 * MIB)));
    expect(error).toMatchObject({ code: 'net.reset', context: { sent: true } });
  });

  it('an end without a reply', async () => {
    const server = await serve(afterBody((reply) => reply.socket?.end()));
    expect(await failure(putBytes(storeAt(server.url), Buffer.from('x')))).toMatchObject({ code: 'net.reset' });
  });

  it('a reply that is cut: transient, never an empty list', async () => {
    const server = await serve(
      afterBody((reply) => {
        reply.writeHead(200, { 'content-length': '1000', 'content-type': 'application/xml' });
        reply.write('<?xml version="1.0"?><ListPartsResult>', () => reply.destroy());
      }),
    );
    const error = await failure(storeAt(server.url).listParts('a.bin', 'u', NEVER));
    expect(error).toMatchObject({ code: 'net.reset', class: 'transient' });
  });

  it('something that is no HTTP', async () => {
    const server = await serve(afterBody((reply) => reply.socket?.end('SSH-2.0-OpenSSH_9.2\r\n')));
    expect(await failure(storeAt(server.url).probe(NEVER))).toMatchObject({ code: 'net.reset' });
  });
});

describe('transfers that stand still', () => {
  it('nobody reads the body: net.stalled', async () => {
    const server = await serve((request) => request.pause());
    const error = await failure(putBytes(storeAt(server.url), Buffer.alloc(64 * MIB)));
    expect(error).toMatchObject({ code: 'net.stalled', class: 'transient', context: { sent: true } });
  });

  it('nobody answers: net.timeout', async () => {
    const server = await serve(afterBody(() => {}));
    expect(await failure(putBytes(storeAt(server.url), Buffer.from('x')))).toMatchObject({
      code: 'net.timeout',
      context: { sent: true },
    });
  });

  it('the reply stops half-way: net.stalled', async () => {
    const server = await serve(
      afterBody((reply) => {
        reply.writeHead(200, { 'content-length': '1000' });
        reply.write('<?xml version="1.0"?>');
      }),
    );
    expect(await failure(storeAt(server.url).listParts('a.bin', 'u', NEVER))).toMatchObject({ code: 'net.stalled' });
  });

  it('slow is not still: a transfer that takes longer than the stall limit goes through', async () => {
    const server = await serve((request, reply) => {
      const timer = setInterval(() => void request.read(), 20);
      request.on('readable', () => {});
      request.on('end', () => {
        clearInterval(timer);
        // Complete of a large object answers like this: a space now and then.
        let ticks = 0;
        reply.writeHead(200, { etag: '"e"', 'content-type': 'application/xml' });
        const spaces = setInterval(() => {
          reply.write(' ');
          if (++ticks < 6) return;
          clearInterval(spaces);
          reply.end();
        }, 100);
      });
    });
    const start = performance.now();
    const limits = { stallTimeoutMs: 300, replyTimeoutMs: 2_000 };
    expect(await putBytes(storeAt(server.url, { limits }), Buffer.alloc(MIB))).toMatchObject({ etag: 'e' });
    expect(performance.now() - start).toBeGreaterThan(500);
  });

  it.each([false, true])(
    'waiting for a free connection is neither connecting nor standing still (TLS: %s)',
    async (tls) => {
      const server = await serve(
        afterBody((reply) => {
          setTimeout(() => reply.writeHead(200, { etag: '"e"' }).end(), 350);
        }),
        tls,
      );
      const store = storeAt(server.url, {
        ca: [LOOPBACK_CERTIFICATE],
        limits: { connectTimeoutMs: 300, stallTimeoutMs: 300, replyTimeoutMs: 1_000, maxSockets: 1 },
      });
      const replies = await Promise.all([1, 2, 3].map(() => putBytes(store, Buffer.from('x'))));
      expect(replies).toHaveLength(3);
      expect(server.connections).toBe(1);
    },
  );
});

const answer = (status: number, body: string, headers: Record<string, string> = {}) =>
  serve(afterBody((reply) => reply.writeHead(status, headers).end(body)));

describe('replies that make no sense', () => {
  it.each([
    ['no XML', 'certainly not'],
    ['cut XML', '<?xml version="1.0"?><ListPartsResult><Key>a'],
    ['nothing', ''],
  ])('%s under 200 is transient', async (_, body) => {
    const store = storeAt((await answer(200, body)).url);
    expect(await failure(store.listParts('a.bin', 'u', NEVER))).toMatchObject({ class: 'transient' });
    expect(
      await failure(store.createUpload({ key: 'a', contentType: 'a/b', metadata: {} }, 'CRC32', NEVER)),
    ).toMatchObject({ code: 's3.server-error', context: { sent: true } });
    expect(await failure(store.listUploads('', NEVER))).toMatchObject({ code: 's3.server-error' });
  });

  it('an error page of a gateway keeps its words', async () => {
    const store = storeAt((await answer(502, '<html><h1>502 Bad Gateway</h1></html>')).url);
    expect(await failure(store.probe(NEVER))).toMatchObject({
      code: 's3.server-error',
      context: { status: 502, detail: '502 Bad Gateway' },
    });
  });

  it('an error document under 200, as Complete may give it', async () => {
    const body = '<?xml version="1.0"?>\n<Error><Code>InternalError</Code><Message>Try again</Message></Error>';
    const checksum = await checksumOf('CRC32', Buffer.from(''));
    const store = storeAt((await answer(200, body)).url);
    const done = store.completeUpload(
      'a',
      'u',
      [{ number: 1, etag: 'e', checksum }],
      checksum,
      { kind: 'create' },
      NEVER,
    );
    expect(await failure(done)).toMatchObject({
      code: 's3.server-error',
      context: { serviceCode: 'InternalError', sent: true },
    });
  });

  it('P3: neither an error document nor nothing under 200 is a copy', async () => {
    const source = { key: 'from', etag: 'e', versionId: null };
    const object = { key: 'to', contentType: 'a/b', metadata: {} };
    const body = '<?xml version="1.0"?>\n<Error><Code>InternalError</Code><Message>Try again</Message></Error>';
    for (const said of [body, '', '<?xml version="1.0"?><CopyObjectResult>']) {
      const store = storeAt((await answer(200, said)).url);
      const copy = store.copy(source, object, { kind: 'create' }, NEVER);
      expect(await failure(copy)).toMatchObject({ class: 'transient', context: { sent: true } });
      const part = store.copyPart('to', 'u', 1, source, 0, 5, NEVER);
      expect(await failure(part)).toMatchObject({ class: 'transient', context: { sent: true } });
    }
  });

  it('503 with Retry-After', async () => {
    const store = storeAt((await answer(503, '', { 'retry-after': '11' })).url);
    expect(await failure(store.probe(NEVER))).toMatchObject({
      code: 's3.slow-down',
      context: { retryAfterMs: 11_000, sent: false },
    });
  });

  it('a refusal while the body is still on its way is heard, and the rest is not sent', async () => {
    let arrived = 0;
    const server = await serve((request, reply) => {
      request.on('data', (chunk: Buffer) => (arrived += chunk.length));
      const body = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>';
      reply.writeHead(403, { 'content-length': String(body.length) }).end(body);
    });
    const error = await failure(putBytes(storeAt(server.url), Buffer.alloc(256 * MIB)));
    expect(error).toMatchObject({ code: 's3.access-denied', context: { sent: false } });
    expect(arrived).toBeLessThan(256 * MIB);
  });
});

describe('what stands in the way of the service', () => {
  it.each([
    ['a log-in page', 200, '<html><body>Welcome to the hotel</body></html>', { 'content-type': 'text/html' }],
    ['a redirect to a log-in page', 302, '', { location: 'http://login.example/?ticket=secret' }],
    ['a network that says what it wants', 511, '<html>log in first</html>', {}],
  ])('%s: net.captive-portal, and nothing was done', async (_, status, body, headers: Record<string, string>) => {
    for (const signing of ['lean', 'sdk'] as const) {
      const store = storeAt((await answer(status, body, headers)).url, { signing });
      const expected = { code: 'net.captive-portal', class: 'unreachable', context: { sent: false } };
      const put = await failure(putBytes(store, Buffer.from('x')));
      expect(put).toMatchObject(expected);
      expect(JSON.stringify(put.context)).not.toContain('secret');
      expect(await failure(store.probe(NEVER))).toMatchObject(expected);
      expect(await failure(store.listParts('a.bin', 'u', NEVER))).toMatchObject(expected);
      const version = { key: 'a.bin', etag: 'e', versionId: null };
      expect(await failure(store.read(version, 0, () => {}, NEVER))).toMatchObject(expected);
    }
  });

  it('a page in place of a HEAD reply is no object', async () => {
    const store = storeAt((await answer(200, '', { 'content-type': 'text/html' })).url);
    expect(await failure(store.head('a.bin', NEVER))).toMatchObject({ code: 'net.captive-portal' });
  });

  it('an error that S3 wrote is the service’s own, whatever its type', async () => {
    const body = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>';
    const store = storeAt((await answer(403, body, { 'content-type': 'text/html' })).url);
    expect(await failure(putBytes(store, Buffer.from('x')))).toMatchObject({ code: 's3.access-denied' });
  });
});

describe('abort', () => {
  it('ends a transfer at once, with the signal’s own reason and no connection left', async () => {
    const held: IncomingMessage[] = [];
    const server = await serve((request) => void held.push(request.pause()));
    const stop = new AbortController();
    const reason = new Error('paused by the user');
    let sentBytes = 0;
    const store = storeAt(server.url, { limits: { stallTimeoutMs: 20_000 } });
    const work = putBytes(store, Buffer.alloc(64 * MIB), (bytes) => (sentBytes += bytes), stop.signal);
    const outcome = work.catch((error: unknown) => error);
    await until('bytes move', () => sentBytes > 0 && held.length > 0);
    const start = performance.now();
    stop.abort(reason);
    expect(await outcome).toBe(reason);
    expect(performance.now() - start).toBeLessThan(500);
    // The server learns of the end once it reads on.
    for (const request of held) request.on('error', () => {}).resume();
    await until('the connection is gone', () => server.openSockets === 0);
    const frozenBytes = sentBytes;
    await new Promise((resolve) => setImmediate(resolve));
    expect(sentBytes).toBe(frozenBytes);
  });

  it('of a request that waits for a connection sends nothing, and leaves the connection to others', async () => {
    const held: (() => void)[] = [];
    const seen: string[] = [];
    const server = await serve(
      afterBody((reply, _, request) => {
        seen.push(request.url ?? '');
        held.push(() => void reply.writeHead(404).end());
      }),
    );
    const store = storeAt(server.url, { limits: { maxSockets: 1, replyTimeoutMs: 5_000 } });
    const first = store.head('first', NEVER);
    await until('the first is under way', () => held.length === 1);
    const stop = new AbortController();
    const second = store.head('second', stop.signal).catch((error: unknown) => error);
    const third = store.head('third', NEVER);
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await second).toBe(reason);
    held[0]?.();
    expect(await first).toBeNull();
    await until('the third is under way', () => held.length === 2);
    held[1]?.();
    expect(await third).toBeNull();
    expect(seen).toEqual(['/demo/first', '/demo/third']);
    expect(server.connections).toBe(1);
  });

  it('sends nothing when it came first', async () => {
    const server = await serve(() => {});
    const reason = new Error('cancelled');
    await expect(putBytes(storeAt(server.url), Buffer.from('x'), () => {}, AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
    expect(server.connections).toBe(0);
  });

  it('does not wait for credentials that never come', async () => {
    const stop = new AbortController();
    const server = await serve(() => {});
    const store = storeAt(server.url, {
      credentials: { kind: 'secret', resolve: () => new Promise(() => {}) },
    });
    const work = store.probe(stop.signal).catch((error: unknown) => error);
    stop.abort(new Error('enough'));
    expect(await work).toMatchObject({ message: 'enough' });
  });
});

const headersOf = async (tls: boolean, more: Partial<S3Options> = {}) => {
  let headers: Record<string, unknown> = {};
  const server = await serve(
    afterBody((reply, _, request) => {
      headers = request.headers;
      reply.writeHead(200, { etag: '"e"' }).end();
    }),
    tls,
  );
  await putBytes(storeAt(server.url, { ca: [LOOPBACK_CERTIFICATE], ...more }), Buffer.alloc(3 * MIB, 1));
  return headers;
};

describe('what goes over the wire', () => {
  it('reports every byte of the body once, as the system takes them', async () => {
    let received = 0;
    const server = await serve(
      afterBody((reply, body) => {
        received = body.length;
        reply.writeHead(200, { etag: '"e"' }).end();
      }),
    );
    const steps: number[] = [];
    await putBytes(storeAt(server.url), Buffer.alloc(5 * MIB + 7), (bytes) => steps.push(bytes));
    expect(received).toBe(5 * MIB + 7);
    expect(steps.reduce((a, b) => a + b, 0)).toBe(5 * MIB + 7);
    expect(steps.length).toBeGreaterThan(9);
    expect(Math.max(...steps)).toBeLessThanOrEqual(512 * 1024);
  });

  it('never runs ahead of a service that does not read', async () => {
    const server = await serve((request) => request.pause());
    let sentBytes = 0;
    await failure(putBytes(storeAt(server.url), Buffer.alloc(256 * MIB), (bytes) => (sentBytes += bytes)));
    // What the two sockets' buffers hold; without back-pressure it would be everything.
    expect(sentBytes).toBeLessThan(64 * MIB);
  });

  it('plain http: the signature covers the payload', async () => {
    const headers = await headersOf(false);
    expect(headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/);
    expect(headers).toMatchObject({
      'content-length': String(3 * MIB),
      'if-none-match': '*',
      'x-amz-sdk-checksum-algorithm': 'CRC64NVME',
      'x-amz-checksum-crc64nvme': (await checksumOf('CRC64NVME', Buffer.alloc(3 * MIB, 1))).value,
    });
    for (const name of ['expect', 'transfer-encoding', 'x-amz-trailer', 'content-encoding', 'x-amz-checksum-crc32']) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  it('https: TLS and the checksum guard it', async () => {
    const headers = await headersOf(true);
    expect(headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
    expect(headers).toHaveProperty('x-amz-checksum-crc64nvme');
    expect(headers).not.toHaveProperty('expect');
  });

  it('a service without checksums gets an MD5 instead', async () => {
    const headers = await headersOf(false, { dialect: { checksums: false, quotedIfMatch: true } });
    expect(headers).toHaveProperty('content-md5');
    expect(Object.keys(headers).filter((name) => name.includes('checksum'))).toEqual([]);
  });

  it.each([
    [true, '"abc"'],
    [false, 'abc'],
  ])('If-Match with quotes: %s', async (quotedIfMatch, expected) => {
    let ifMatch: unknown;
    const server = await serve(
      afterBody((reply, _, request) => {
        ifMatch = request.headers['if-match'];
        reply.writeHead(200, { etag: '"e"' }).end();
      }),
    );
    const store = storeAt(server.url, { dialect: { checksums: true, quotedIfMatch } });
    const bytes = Buffer.from('x');
    const object = { key: 'k', contentType: 'text/plain', metadata: {} };
    await store.put(object, bytes, await checksumOf('CRC32', bytes), { kind: 'replace', etag: 'abc' }, () => {}, NEVER);
    expect(ifMatch).toBe(expected);
  });

  it('keeps connections and bounds them', async () => {
    const server = await serve(afterBody((reply) => reply.writeHead(200, { etag: '"e"' }).end()));
    const store = storeAt(server.url, { limits: { maxSockets: 3 } });
    await Promise.all(Array.from({ length: 30 }, () => putBytes(store, Buffer.from('x'))));
    expect(server.connections).toBeLessThanOrEqual(3);
  });
});
