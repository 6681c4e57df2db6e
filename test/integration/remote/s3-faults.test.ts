import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { afterBody, closedPort } from '../../support/fault-server.ts';
import { serve, storeAt } from '../../support/fault-store.ts';
import { LOOPBACK_CERTIFICATE } from '../../support/loopback-tls.ts';
import { failure, putBytes } from '../../support/s3-store.ts';

const NEVER = new AbortController().signal;
const MIB = 1024 * 1024;

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
      onTestFinished(() => void socket.destroy());
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
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
