import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/core/ports.ts';
import { proxyResolver } from '../../../src/remote/proxy.ts';
import type { S3Options } from '../../../src/remote/s3/options.ts';
import { afterBody, closedPort, startFaultServer } from '../../support/fault-server.ts';
import { LOOPBACK_CERTIFICATE } from '../../support/loopback-tls.ts';
import { failure, putBytes, storeAt as newStoreAt } from '../../support/s3-store.ts';

const NEVER = new AbortController().signal;
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function storeAt(endpoint: string, more: Partial<S3Options>): ObjectStore {
  const store = newStoreAt(endpoint, { ca: [LOOPBACK_CERTIFICATE], ...more });
  cleanups.push(() => store.close());
  return store;
}

async function startService(tls: boolean) {
  const requests: IncomingMessage[] = [];
  const server = await startFaultServer(
    afterBody((reply, _, request) => {
      requests.push(request);
      reply.writeHead(200, { etag: '"e"', 'x-amz-request-id': '1' }).end();
    }),
    tls,
  );
  cleanups.push(() => server.close());
  return { url: server.url, requests };
}

interface TestProxy {
  readonly url: string;
  readonly port: number;
  /** Targets of plain requests and of tunnels. */
  readonly asked: { readonly kind: 'plain' | 'tunnel'; readonly target: string; readonly user: string | undefined }[];
}

/** A forward proxy that leads everything to `service`, whatever name it is asked for. */
async function startProxy(service: string, refuse?: number): Promise<TestProxy> {
  const asked: TestProxy['asked'] = [];
  const { port: servicePort } = new URL(service);
  const userOf = (request: IncomingMessage) => request.headers['proxy-authorization'];
  const proxy: Server = createServer((request, reply) => {
    asked.push({ kind: 'plain', target: request.url ?? '', user: userOf(request) });
    if (refuse !== undefined) {
      request.resume().on('end', () => reply.writeHead(refuse).end());
      return;
    }
    request.resume().on('end', () => reply.writeHead(200, { etag: '"e"', 'x-amz-request-id': '1' }).end());
  });
  proxy.on('connect', (request: IncomingMessage, socket, head: Buffer) => {
    asked.push({ kind: 'tunnel', target: request.url ?? '', user: userOf(request) });
    socket.on('error', () => {});
    if (refuse !== undefined) {
      socket.end(`HTTP/1.1 ${refuse} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(Number(servicePort), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => void socket.destroy());
    cleanups.push(() => {
      upstream.destroy();
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  cleanups.push(
    () =>
      new Promise((resolve) => {
        proxy.close(() => resolve());
        proxy.closeAllConnections();
      }),
  );
  const { port } = proxy.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, asked };
}

const named = (url: string) => proxyResolver({ kind: 'url', url }, {});
const withUser = (proxy: TestProxy) => `http://us%40er:sesame-open@127.0.0.1:${proxy.port}`;
const BASIC = `Basic ${Buffer.from('us@er:sesame-open').toString('base64')}`;

describe.each(['lean', 'sdk'] as const)('through a proxy, signed by: %s', (signing) => {
  it('P12: https goes through a tunnel, which ends at the service: its name, its certificate, its signature', async () => {
    const service = await startService(true);
    const proxy = await startProxy(service.url);
    const endpoint = `https://localhost:${new URL(service.url).port}`;
    const store = storeAt(endpoint, { signing, proxyFor: named(withUser(proxy)) });
    await putBytes(store, Buffer.alloc(200_000));
    await store.head('a', NEVER).catch(() => {});
    expect(new Set(proxy.asked.map(({ kind, target, user }) => `${kind} ${target} ${user}`))).toEqual(
      new Set([`tunnel ${new URL(endpoint).host} ${BASIC}`]),
    );
    expect(service.requests[0]?.headers['host']).toBe(new URL(endpoint).host);
    // P12: what is for the proxy is for the proxy alone.
    expect(service.requests[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  it('plain http is given to it with its whole address', async () => {
    const proxy = await startProxy('http://127.0.0.1:1');
    const store = storeAt('http://s3.example:9000', { signing, proxyFor: named(withUser(proxy)) });
    await putBytes(store, Buffer.from('x'));
    const [first] = proxy.asked;
    expect(first).toMatchObject({ kind: 'plain', user: BASIC });
    expect(first?.target).toMatch(/^http:\/\/s3\.example:9000\/demo\/a\.bin/);
  });

  it.each([407, 403, 502])(
    'P12: a proxy that answers %i to a tunnel: net.proxy, nothing sent, no password told',
    async (status) => {
      const service = await startService(true);
      const proxy = await startProxy(service.url, status);
      const store = storeAt(service.url, { signing, proxyFor: named(withUser(proxy)) });
      const error = await failure(putBytes(store, Buffer.from('x')));
      expect(error).toMatchObject({ code: 'net.proxy', class: 'unreachable', context: { sent: false } });
      // P12
      expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/sesame|Basic [A-Za-z0-9]/);
      expect(service.requests).toHaveLength(0);
    },
  );

  it('a proxy that wants another password for plain http: net.proxy', async () => {
    const proxy = await startProxy('http://127.0.0.1:1', 407);
    const store = storeAt('http://s3.example:9000', { signing, proxyFor: named(withUser(proxy)) });
    expect(await failure(putBytes(store, Buffer.from('x')))).toMatchObject({ code: 'net.proxy' });
  });

  it.each(['http://s3.example:9000', 'https://s3.example'])('a proxy that is not there, for %s', async (endpoint) => {
    const proxyFor = named(`http://user:sesame-open@127.0.0.1:${await closedPort()}`);
    const error = await failure(putBytes(storeAt(endpoint, { signing, proxyFor }), Buffer.from('x')));
    expect(error).toMatchObject({ code: 'net.proxy', context: { sent: false } });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/sesame/);
  });

  it('a proxy that accepts and says nothing', async () => {
    const sockets: Socket[] = [];
    const silent = createTcpServer((socket) => void sockets.push(socket.on('error', () => {})));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      silent.close();
      for (const socket of sockets) socket.destroy();
    });
    const { port } = silent.address() as AddressInfo;
    const store = storeAt('https://s3.example', { signing, proxyFor: named(`http://127.0.0.1:${port}`) });
    const error = await failure(putBytes(store, Buffer.from('x')));
    expect(error).toMatchObject({ code: 'net.proxy', class: 'unreachable', context: { sent: false } });
  });

  it('a proxy that hangs up is asked once', async () => {
    let connections = 0;
    const rude = createTcpServer((socket) => {
      connections += 1;
      socket.on('error', () => {});
      socket.once('data', () => socket.end());
    });
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => void rude.close());
    const { port } = rude.address() as AddressInfo;
    const store = storeAt('https://s3.example', { signing, proxyFor: named(`http://127.0.0.1:${port}`) });
    expect(await failure(putBytes(store, Buffer.from('x')))).toMatchObject({ code: 'net.proxy' });
    expect(connections).toBe(1);
  });

  it('to this machine leads none that is not named', async () => {
    const service = await startService(false);
    const proxy = await startProxy(service.url);
    const environment = { http_proxy: proxy.url, https_proxy: proxy.url };
    for (const kind of ['environment', 'system'] as const) {
      const store = storeAt(service.url, { signing, proxyFor: proxyResolver({ kind }, environment) });
      await putBytes(store, Buffer.from('x'));
    }
    expect(proxy.asked).toEqual([]);
    expect(service.requests).toHaveLength(2);
  });
});
