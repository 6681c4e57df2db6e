import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { checksumOf } from '../../../src/core/checksum.ts';
import type { S3Options } from '../../../src/remote/s3/options.ts';
import { afterBody } from '../../support/fault-server.ts';
import { serve, storeAt } from '../../support/fault-store.ts';
import { LOOPBACK_CERTIFICATE } from '../../support/loopback-tls.ts';
import { failure, putBytes } from '../../support/s3-store.ts';
import { until } from '../../support/until.ts';

const NEVER = new AbortController().signal;
const MIB = 1024 * 1024;

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
