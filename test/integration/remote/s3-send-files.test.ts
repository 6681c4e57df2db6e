import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { checksumOf } from '../../../src/core/checksum.ts';
import type { FileSender, ObjectStore, StoreSurroundings } from '../../../src/core/ports.ts';
import type { S3Options } from '../../../src/remote/s3/options.ts';
import { afterBody, startFaultServer, type Answer, type FaultServer } from '../../support/fault-server.ts';
import { describeObjectStoreConformance } from '../../support/object-store-conformance.ts';
import { failure, storeAt } from '../../support/s3-store.ts';
import { startStandIn } from '../../support/s3-servers.ts';
import { SEND_WORKER, sentByThread, wantedAt, warmSender } from '../../support/sent-by-thread.ts';
import { TempTree } from '../../support/temp-tree.ts';
import { until } from '../../support/until.ts';

const NEVER = new AbortController().signal;
const CREATE = { kind: 'create' } as const;
const PART_BYTES = 64;
const object = (key: string) => ({ key, contentType: 'text/plain', metadata: { 'longshore-op': 'op-1' } });
const fine = afterBody((reply) => reply.writeHead(200, { etag: '"e"' }).end());

const WITH_ITS_OWN_CHECKSUMS = {
  'refuses bytes that are not those of the checksum, and keeps nothing of them':
    'the thread makes the checksum of what it sends',
};

describeObjectStoreConformance(
  'small files sent by a thread, over the stand-in',
  async () => {
    const server = await startStandIn({ buckets: ['demo'], minPartSizeBytes: PART_BYTES });
    const store = storeAt(server.endpoint, {
      credentials: { kind: 'literal', ...server.credentials, sessionToken: null },
      limits: {},
      sendWorkerUrl: SEND_WORKER,
    });
    return { store: sentByThread(store), partSizeBytes: PART_BYTES, close: () => server.close() };
  },
  WITH_ITS_OWN_CHECKSUMS,
);

describe('the sending thread', () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function serve(answer: Answer): Promise<FaultServer> {
    const server = await startFaultServer(answer);
    cleanups.push(() => server.close());
    return server;
  }

  function open(
    endpoint: string,
    more: Partial<S3Options> = {},
    surroundings?: StoreSurroundings,
    clock?: { now(): number },
  ): ObjectStore {
    const store = storeAt(endpoint, { sendWorkerUrl: SEND_WORKER, ...more }, surroundings, clock);
    cleanups.push(() => store.close());
    return store;
  }

  function tree(): TempTree {
    const made = new TempTree();
    cleanups.push(() => made.close());
    return made;
  }

  async function one(content = 'content') {
    const files = tree();
    files.write('a', content);
    return { files, wanted: await wantedAt(files.at('a')) };
  }

  it('P3: sends what it read, tells the checksum of just that, and what the service said of it', async () => {
    const seen: { readonly url: string; readonly body: string; readonly sum: unknown; readonly only: unknown }[] = [];
    const server = await serve(
      afterBody((reply, body, request) => {
        const { 'x-amz-checksum-crc64nvme': sum, 'if-none-match': only } = request.headers;
        seen.push({ url: request.url ?? '', body: body.toString(), sum, only });
        reply
          .writeHead(200, { etag: '"e"', 'x-amz-checksum-crc64nvme': String(sum), date: new Date().toUTCString() })
          .end();
      }),
    );
    const statuses: number[] = [];
    const surroundings = {
      throttle: { take: () => null },
      onReply: ({ status }: { status: number }) => statuses.push(status),
    };
    const sender = await warmSender(open(server.url, {}, surroundings));
    const { wanted } = await one();
    const checksum = await checksumOf('CRC64NVME', Buffer.from('content'));
    const sent = await sender.send(object('k/a b'), wanted, CREATE, NEVER);
    expect(sent).toMatchObject({ checksum, reply: { etag: 'e', checksums: [checksum] } });
    expect(seen).toEqual([{ url: '/demo/k/a%20b', body: 'content', sum: checksum.value, only: '*' }]);
    expect(statuses).toEqual([200]);
  });

  it('P3: a file that is not as it was scanned is not sent', async () => {
    let requests = 0;
    const server = await serve((request, reply) => {
      requests += 1;
      fine(request, reply);
    });
    const sender = await warmSender(open(server.url));
    const { files, wanted } = await one();
    files.write('a', 'CONTENT');
    expect(await failure(sender.send(object('a'), wanted, CREATE, NEVER))).toMatchObject({ code: 'local.changed' });
    rmSync(wanted.path);
    expect(await failure(sender.send(object('a'), wanted, CREATE, NEVER))).toMatchObject({ code: 'local.vanished' });
    expect(requests).toBe(0);
  });

  it('P9: an abort ends the request on the line, and only then the promise', async () => {
    let stopped = 0;
    const server = await serve((request) => void request.socket.once('close', () => (stopped += 1)));
    const sender = await warmSender(open(server.url, { limits: {} }));
    const { wanted } = await one();
    const controller = new AbortController();
    const sends = Array.from({ length: 3 }, (_, index) =>
      sender.send(object(`k${index}`), wanted, CREATE, controller.signal),
    );
    await until('the requests are there', () => server.openSockets === 3);
    const at = performance.now();
    controller.abort(new Error('paused'));
    const ended = await Promise.allSettled(sends);
    expect(ended.map((end) => end.status === 'rejected' && (end.reason as Error).message)).toEqual(
      Array.from({ length: 3 }, () => 'paused'),
    );
    expect(performance.now() - at).toBeLessThan(1000);
    await until('the connections are closed', () => stopped === 3);
  });

  it('P9: what is aborted before it was handed over never goes', async () => {
    let requests = 0;
    const server = await serve((request, reply) => {
      requests += 1;
      fine(request, reply);
    });
    const sender = await warmSender(open(server.url));
    const { wanted } = await one();
    const controller = new AbortController();
    const send = sender.send(object('a'), wanted, CREATE, controller.signal);
    controller.abort(new Error('paused'));
    await expect(send).rejects.toThrow('paused');
    await sender.send(object('b'), wanted, CREATE, NEVER);
    expect(requests).toBe(1);
  });

  it('P9: an abort of what waits behind a slow one in its chain ends just that, at once', async () => {
    const came: string[] = [];
    const slow = Promise.withResolvers<void>();
    const server = await serve((request, reply) => {
      const url = request.url ?? '';
      came.push(url);
      if (url === '/demo/slow') void slow.promise.then(() => fine(request, reply));
      else fine(request, reply);
    });
    const sender = await warmSender(open(server.url, { limits: {} }));
    const { wanted } = await one();
    const controller = new AbortController();
    const first = sender.send(object('slow'), wanted, CREATE, NEVER, 1);
    const second = sender.send(object('second'), wanted, CREATE, controller.signal, 1);
    const third = sender.send(object('third'), wanted, CREATE, NEVER, 1);
    await until('the first is on the line', () => came.length === 1);
    controller.abort(new Error('paused'));
    await expect(second).rejects.toThrow('paused');
    // The thread was not given up for it, and all that it sends with it.
    expect(sender.isReady()).toBe(true);
    slow.resolve();
    expect(await Promise.all([first, third])).toMatchObject([{ reply: { etag: 'e' } }, { reply: { etag: 'e' } }]);
    expect(came).toEqual(['/demo/slow', '/demo/third']);
  });

  it.each([
    ['hangs', new URL('../../support/hanging-send-worker.ts', import.meta.url)],
    ['dies', new URL('../../support/dying-send-worker.ts', import.meta.url)],
  ])('P10: a thread that %s is given up, and the file is handed back', async (_, sendWorkerUrl) => {
    const server = await serve(fine);
    const sender = await warmSender(open(server.url, { sendWorkerUrl }));
    const { wanted } = await one();
    expect(await sender.send(object('a'), wanted, CREATE, NEVER)).toBeNull();
    // And no other one is tried soon.
    for (let wish = 0; wish < 40; wish += 1) expect(sender.isReady()).toBe(false);
  });

  it('P9: an abort does not wait for a thread that hangs', async () => {
    const server = await serve(fine);
    const sendWorkerUrl = new URL('../../support/hanging-send-worker.ts', import.meta.url);
    const sender = await warmSender(open(server.url, { sendWorkerUrl }));
    const { wanted } = await one();
    const controller = new AbortController();
    const send = sender.send(object('a'), wanted, CREATE, controller.signal);
    await new Promise((resolve) => void setImmediate(resolve));
    const at = performance.now();
    controller.abort(new Error('paused'));
    await expect(send).rejects.toThrow('paused');
    expect(performance.now() - at).toBeLessThan(1000);
  });

  it('signs anew with the time that the service names when it refuses ours', async () => {
    const hoursAhead = Date.now() + 3 * 3600_000;
    const dates: string[] = [];
    const server = await serve(
      afterBody((reply, _body, request) => {
        dates.push(String(request.headers['x-amz-date']));
        const date = new Date(hoursAhead).toUTCString();
        if (dates.length > 1) reply.writeHead(200, { etag: '"e"', date }).end();
        else reply.writeHead(403, { date }).end('<Error><Code>RequestTimeTooSkewed</Code></Error>');
      }),
    );
    const sender = await warmSender(open(server.url));
    const { wanted } = await one();
    expect(await sender.send(object('a'), wanted, CREATE, NEVER)).not.toBeNull();
    expect(dates).toHaveLength(2);
    expect(dates[1]?.slice(0, 11)).toBe(new Date(hoursAhead).toISOString().replace(/[-:]/g, '').slice(0, 11));
  });

  it('asks the throttle for every byte before it goes', async () => {
    const server = await serve(fine);
    let asked = 0;
    let isOpen = false;
    const gate = Promise.withResolvers<void>();
    const throttle = {
      take: (bytes: number) => {
        asked += bytes;
        return isOpen ? null : gate.promise;
      },
    };
    const sender = await warmSender(open(server.url, {}, { throttle, onReply: () => undefined }));
    const { wanted } = await one('x'.repeat(40_000));
    const send = sender.send(object('a'), wanted, CREATE, NEVER);
    await new Promise((resolve) => void setTimeout(resolve, 50));
    expect(server.connections).toBe(0);
    isOpen = true;
    gate.resolve();
    await send;
    expect(asked).toBe(40_000);
  });

  it('takes no files where a proxy stands between, and none once the store is closed', async () => {
    const server = await serve(fine);
    const proxied = open(server.url, { proxyFor: () => ({ url: 'http://127.0.0.1:1', authorization: null }) });
    const ask = (sender: FileSender | undefined) => Array.from({ length: 40 }, () => sender?.isReady());
    expect(ask(proxied.sender)).not.toContain(true);
    const store = open(server.url);
    const sender = await warmSender(store);
    store.close();
    expect(ask(sender)).not.toContain(true);
  });

  it('reports failures of the network as the store does', async () => {
    const server = await serve((request) => void request.socket.destroy());
    const sender = await warmSender(open(server.url));
    const { wanted } = await one();
    expect(await failure(sender.send(object('a'), wanted, CREATE, NEVER))).toMatchObject({
      code: 'net.reset',
      context: { sent: true, subject: 'a' },
    });
  });
});
