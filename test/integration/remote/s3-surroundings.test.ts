import { afterEach, describe, expect, it } from 'vitest';
import type { ServiceSign, Throttle } from '../../../src/core/ports.ts';
import { afterBody, startFaultServer, type Answer, type FaultServer } from '../../support/fault-server.ts';
import { putBytes, storeAt } from '../../support/s3-store.ts';
import { until } from '../../support/until.ts';

const NEVER = new AbortController().signal;
const KIB = 1024;
const UNLIMITED: Throttle = { take: () => null };
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(answer: Answer): Promise<FaultServer> {
  const server = await startFaultServer(answer);
  cleanups.push(() => server.close());
  return server;
}

const fine = afterBody((reply) => reply.writeHead(200, { etag: '"e"' }).end());

/** `bytesPerSecond` over everything that goes through it. */
function paced(bytesPerSecond: number): Throttle {
  let freeAt = performance.now();
  return {
    take(bytes, signal) {
      freeAt = Math.max(freeAt, performance.now()) + (bytes / bytesPerSecond) * 1000;
      const waitMs = freeAt - performance.now();
      return new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, waitMs);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(signal.reason as Error);
        });
      });
    },
  };
}

describe('the throttle', () => {
  it.each([
    ['a large body', 512],
    ['a small body', 48],
  ])('paces %s smoothly, and a wait for it is no stall', async (_, sizeKiB) => {
    const arrivals: { readonly atMs: number; readonly bytes: number }[] = [];
    const server = await serve((request, reply) => {
      request.on('data', (chunk: Buffer) => arrivals.push({ atMs: performance.now(), bytes: chunk.length }));
      request.on('end', () => reply.writeHead(200, { etag: '"e"' }).end());
    });
    // A slice of 16 KiB waits longer than a stall may take.
    const rate = sizeKiB === 48 ? 32 * KIB : 640 * KIB;
    const store = storeAt(server.url, {}, { throttle: paced(rate), onReply: () => {} });
    cleanups.push(() => store.close());
    const start = performance.now();
    const steps: number[] = [];
    await putBytes(store, Buffer.alloc(sizeKiB * KIB), (bytes) => steps.push(bytes));
    const tookMs = performance.now() - start;
    const expectedMs = (sizeKiB * KIB * 1000) / rate;
    expect(tookMs).toBeGreaterThan(expectedMs * 0.9);
    expect(tookMs).toBeLessThan(expectedMs * 1.5 + 300);
    expect(Math.max(...steps)).toBeLessThanOrEqual(16 * KIB);
    expect(arrivals.reduce((sum, one) => sum + one.bytes, 0)).toBe(sizeKiB * KIB);
    expect(arrivals.length).toBeGreaterThanOrEqual(sizeKiB / 16 / 2);
  });

  it('lets go of its place when the transfer is aborted', async () => {
    let aborted = false;
    const throttle: Throttle = {
      take: (_, signal) =>
        new Promise((__, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(signal.reason as Error);
          });
        }),
    };
    const server = await serve(fine);
    const store = storeAt(server.url, {}, { throttle, onReply: () => {} });
    cleanups.push(() => store.close());
    const stop = new AbortController();
    const work = putBytes(store, Buffer.alloc(128 * KIB), () => {}, stop.signal).catch((error: unknown) => error);
    await until('it connects', () => server.connections > 0);
    const reason = new Error('paused');
    stop.abort(reason);
    expect(await work).toBe(reason);
    expect(aborted).toBe(true);
  });

  it('is not asked for requests without a body', async () => {
    const server = await serve(
      afterBody((reply) => reply.writeHead(200, { etag: '"e"', 'content-length': '5' }).end()),
    );
    let asked = 0;
    const throttle: Throttle = { take: () => (asked++, null) };
    const store = storeAt(server.url, {}, { throttle, onReply: () => {} });
    cleanups.push(() => store.close());
    await store.head('a', NEVER);
    expect(asked).toBe(0);
  });
});

describe('what each reply tells', () => {
  it('is the service’s time, how long it took to answer, and the status, also of a refusal', async () => {
    const server = await serve(
      afterBody((reply, _, request) => {
        const status = request.method === 'HEAD' ? 404 : 503;
        setTimeout(() => {
          reply.writeHead(status, { date: 'Fri, 24 May 2013 00:00:00 GMT' }).end();
        }, 120);
      }),
    );
    const signs: ServiceSign[] = [];
    const store = storeAt(server.url, {}, { throttle: UNLIMITED, onReply: (sign) => signs.push(sign) });
    cleanups.push(() => store.close());
    await store.head('a', NEVER);
    await putBytes(store, Buffer.from('x')).catch(() => {});
    expect(signs.map(({ status, serverTime }) => ({ status, serverTime }))).toEqual([
      { status: 404, serverTime: Date.UTC(2013, 4, 24) },
      { status: 503, serverTime: Date.UTC(2013, 4, 24) },
    ]);
    for (const { waitedMs } of signs) {
      expect(waitedMs).toBeGreaterThan(100);
      expect(waitedMs).toBeLessThan(300);
    }
  });

  it('may lack the time', async () => {
    const server = await serve(
      afterBody((reply) => {
        reply.sendDate = false;
        reply.writeHead(404).end();
      }),
    );
    const signs: ServiceSign[] = [];
    const store = storeAt(server.url, {}, { throttle: UNLIMITED, onReply: (sign) => signs.push(sign) });
    cleanups.push(() => store.close());
    await store.head('a', NEVER);
    expect(signs[0]?.serverTime).toBeNull();
  });
});

describe('refreshed connections', () => {
  it('are new, and what was in flight goes on', async () => {
    const held: (() => void)[] = [];
    const server = await serve(
      afterBody((reply, _, request) => {
        const end = () => void reply.writeHead(200, { etag: '"e"' }).end();
        if (request.url?.includes('held') === true) held.push(end);
        else end();
      }),
    );
    const store = storeAt(server.url, { limits: { replyTimeoutMs: 5_000 } });
    cleanups.push(() => store.close());
    await putBytes(store, Buffer.from('x'));
    await putBytes(store, Buffer.from('x'));
    const before = server.connections;

    const work = store.head('held', NEVER).catch(() => 'failed');
    await until('it is held', () => held.length === 1);
    store.refreshConnections();
    await putBytes(store, Buffer.from('x'));
    expect(server.connections).toBe(before + 1);
    held[0]?.();
    // The reply has no length, so it is no object; but it came.
    await work;
    await until('the old connection is closed', () => server.openSockets === 1);
  });
});
