import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import type { HttpRequest } from '../../../src/core/ports.ts';
import { createHttpClient, type HttpClientOptions } from '../../../src/remote/http/got-http-client.ts';
import { proxyResolver } from '../../../src/remote/proxy.ts';
import { afterBody, closedPort, startFaultServer, type Answer } from '../../support/fault-server.ts';
import { ForwardProxy } from '../../support/forward-proxy.ts';
import { LOOPBACK_CERTIFICATE } from '../../support/loopback-tls.ts';
import { until } from '../../support/until.ts';

const NEVER = new AbortController().signal;
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(answer: Answer, tls = false) {
  const server = await startFaultServer(answer, tls);
  cleanups.push(() => server.close());
  return server;
}

function clientWith(options: Partial<HttpClientOptions> = {}) {
  const client = createHttpClient(options);
  cleanups.push(() => client.close());
  return client;
}

function requestTo(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url, headers: {}, body: null, timeoutMs: 5_000, maxReplyBytes: 1_000_000, ...more };
}

async function failure(work: Promise<unknown>): Promise<LongshoreError> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof LongshoreError)) throw error;
  return error;
}

interface Seen {
  method: string | undefined;
  headers: Record<string, unknown>;
  body: string;
}

async function recorder(status = 200) {
  const seen: Seen[] = [];
  const server = await serve(
    afterBody((reply, body, request) => {
      seen.push({ method: request.method, headers: request.headers, body: body.toString() });
      reply.writeHead(status, { 'X-Reply': 'yes', 'set-cookie': ['a=1', 'b=2'] }).end('done');
    }),
  );
  return { server, seen };
}

describe('what it sends and gives back', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('%s without a body', async (method) => {
    const { server, seen } = await recorder();
    const reply = await clientWith().send(requestTo(server.url, { method }), NEVER);
    expect(reply.status).toBe(200);
    expect(seen).toMatchObject([{ method, body: '' }]);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'GET'])('%s with a body', async (method) => {
    const { server, seen } = await recorder();
    await clientWith().send(requestTo(server.url, { method, body: Buffer.from('{"a":1}') }), NEVER);
    expect(seen).toMatchObject([{ method, body: '{"a":1}', headers: { 'content-length': '7' } }]);
  });

  it('headers, with names in lower case, and the body as bytes', async () => {
    const { server, seen } = await recorder();
    const client = clientWith({ userAgent: 'Longshore/test' });
    const headers = { 'Idempotency-Key': 'k-1', 'If-Match': '"7"' };
    const reply = await client.send(requestTo(server.url, { method: 'PUT', headers }), NEVER);
    expect(seen[0]?.headers).toMatchObject({
      'idempotency-key': 'k-1',
      'if-match': '"7"',
      'user-agent': 'Longshore/test',
    });
    expect(reply.headers).toMatchObject({ 'x-reply': 'yes', 'set-cookie': 'a=1, b=2' });
    expect(Buffer.from(reply.body).toString()).toBe('done');
    expect(reply.truncated).toBe(false);
  });

  it.each([400, 404, 409, 412, 429, 500, 503])('%i is a reply, sent for once', async (status) => {
    const { server, seen } = await recorder(status);
    const reply = await clientWith().send(requestTo(server.url, { method: 'GET' }), NEVER);
    expect(reply.status).toBe(status);
    expect(seen).toHaveLength(1);
  });

  it('unpacks, and counts the unpacked bytes', async () => {
    const server = await serve(
      afterBody((reply) => reply.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000_000)))),
    );
    const reply = await clientWith().send(requestTo(server.url, { maxReplyBytes: 1_000 }), NEVER);
    expect(reply).toMatchObject({ truncated: true, status: 200 });
    expect(reply.body).toHaveLength(1_000);
  });

  it('cuts a reply without end, and one of exactly the limit not', async () => {
    const endless = await serve((_, reply) => {
      reply.writeHead(200);
      const more = () => {
        while (!reply.destroyed && reply.write(Buffer.alloc(65_536)));
      };
      reply.on('drain', more);
      more();
    });
    const cut = await clientWith().send(requestTo(endless.url, { maxReplyBytes: 100_000 }), NEVER);
    expect(cut).toMatchObject({ truncated: true });
    expect(cut.body).toHaveLength(100_000);
    await until('the connection is gone', () => endless.openSockets === 0);

    const { server } = await recorder();
    const exact = await clientWith().send(requestTo(server.url, { maxReplyBytes: 4 }), NEVER);
    expect(exact).toMatchObject({ truncated: false });
  });

  it('uses connections again, and no more than its bound', async () => {
    const { server } = await recorder();
    const client = clientWith({ maxSockets: 2 });
    await Promise.all(Array.from({ length: 12 }, () => client.send(requestTo(server.url), NEVER)));
    await client.send(requestTo(server.url), NEVER);
    expect(server.connections).toBeLessThanOrEqual(2);
  });
});

const redirecting = (status: number, location: string) =>
  serve(
    afterBody((reply, _, request) => {
      if (request.url === '/there') reply.writeHead(200).end('arrived');
      else reply.writeHead(status, { location }).end();
    }),
  );

describe('redirects', () => {
  it.each(['GET', 'HEAD'])('%s follows within the same origin', async (method) => {
    const server = await redirecting(302, '/there');
    expect(await clientWith().send(requestTo(server.url, { method }), NEVER)).toMatchObject({ status: 200 });
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('%s does not follow', async (method) => {
    for (const status of [301, 303, 307]) {
      const server = await redirecting(status, '/there');
      expect(await clientWith().send(requestTo(server.url, { method }), NEVER)).toMatchObject({ status });
    }
  });

  it('P12 no header goes to another origin', async () => {
    const { server: other, seen } = await recorder();
    const server = await redirecting(302, `${other.url}/there`);
    const headers = { 'x-api-key': 'secret-value' };
    const reply = await clientWith().send(requestTo(server.url, { headers }), NEVER);
    expect(reply).toMatchObject({ status: 302, headers: { location: `${other.url}/there` } });
    expect(seen).toEqual([]);
  });
});

describe('failures', () => {
  it('nothing listens', async () => {
    const url = `http://127.0.0.1:${await closedPort()}/a?token=t0ps3cret`;
    const error = await failure(clientWith().send(requestTo(url), NEVER));
    expect(error).toMatchObject({ code: 'net.refused', context: { sent: false } });
    expect(JSON.stringify(error.context)).not.toContain('t0ps3cret');
  });

  it('no such host', async () => {
    const error = await failure(clientWith().send(requestTo('http://no-such-host.invalid/'), NEVER));
    expect(error).toMatchObject({ code: 'net.dns', class: 'unreachable', context: { sent: false } });
  });

  it('a certificate that nobody trusts, and one that we do', async () => {
    const server = await serve(
      afterBody((reply) => reply.end('safe')),
      true,
    );
    const error = await failure(clientWith().send(requestTo(server.url), NEVER));
    expect(error).toMatchObject({ code: 'net.tls', context: { sent: false } });
    const trusting = clientWith({ ca: [LOOPBACK_CERTIFICATE] });
    expect(await trusting.send(requestTo(server.url), NEVER)).toMatchObject({ status: 200 });
  });

  it('a connection that breaks: it may have arrived, and is not sent again', async () => {
    let requests = 0;
    const server = await serve(
      afterBody((reply) => {
        requests += 1;
        reply.socket?.resetAndDestroy();
      }),
    );
    const error = await failure(clientWith().send(requestTo(server.url, { method: 'GET' }), NEVER));
    expect(error).toMatchObject({ code: 'net.reset', context: { sent: true } });
    expect(requests).toBe(1);
  });

  it('a reply that is cut is no reply', async () => {
    const server = await serve(
      afterBody((reply) => {
        reply.writeHead(200, { 'content-length': '1000' });
        reply.write('half', () => reply.destroy());
      }),
    );
    expect(await failure(clientWith().send(requestTo(server.url), NEVER))).toMatchObject({
      code: 'net.reset',
      context: { sent: true },
    });
  });

  it('a body that claims to be packed and is not', async () => {
    const server = await serve(
      afterBody((reply) => reply.writeHead(200, { 'content-encoding': 'gzip' }).end('plain text')),
    );
    const error = await failure(clientWith().send(requestTo(server.url), NEVER));
    expect(error).toMatchObject({ code: 'net.reset', class: 'transient', context: { sent: true } });
  });

  it('P12 keeps no header in what is left of the library’s error', async () => {
    const server = await serve(afterBody((reply) => reply.socket?.resetAndDestroy()));
    const headers = { authorization: 'Bearer very-secret-token' };
    const error = await failure(clientWith().send(requestTo(server.url, { headers }), NEVER));
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('very-secret-token');
  });

  it('no reply in time', async () => {
    const server = await serve(afterBody(() => {}));
    const error = await failure(clientWith().send(requestTo(server.url, { timeoutMs: 150 }), NEVER));
    expect(error).toMatchObject({ code: 'net.timeout', class: 'transient', context: { sent: true } });
  });

  it('a reply that trickles on past the time limit', async () => {
    const server = await serve(
      afterBody((reply) => {
        const timer = setInterval(() => reply.write('.'), 20);
        reply.on('close', () => clearInterval(timer));
      }),
    );
    const error = await failure(clientWith().send(requestTo(server.url, { timeoutMs: 200 }), NEVER));
    expect(error).toMatchObject({ code: 'net.timeout', context: { sent: true } });
  });

  it('a header that HTTP does not allow, named without its value', async () => {
    const { server, seen } = await recorder();
    const headers = { 'x-note': 'secret\r\nx-injected: 1' };
    const error = await failure(clientWith().send(requestTo(server.url, { headers }), NEVER));
    expect(error).toMatchObject({ code: 'call.rejected', context: { sent: false } });
    expect(error.context.detail).toContain('x-note');
    expect(error.context.detail).not.toContain('secret');
    expect(seen).toEqual([]);
  });

  it('abort ends it at once with the signal’s own reason', async () => {
    let arrived = false;
    const server = await serve(afterBody(() => (arrived = true)));
    const stop = new AbortController();
    const work = clientWith()
      .send(requestTo(server.url), stop.signal)
      .catch((error: unknown) => error);
    await until('the call arrived', () => arrived);
    const reason = new Error('paused');
    stop.abort(reason);
    expect(await work).toBe(reason);
    await until('the connection is gone', () => server.openSockets === 0);
    await expect(clientWith().send(requestTo(server.url), AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('the way to a service', () => {
  const through = (proxy: ForwardProxy) => proxyResolver({ kind: 'url', url: proxy.url }, {});

  async function proxyTo(port: number, user?: string) {
    const hosts = { localhost: port, 'api.invalid': port };
    const proxy = await ForwardProxy.start(user === undefined ? { hosts } : { hosts, user });
    cleanups.push(() => proxy.close());
    return proxy;
  }

  it('plain http goes to the proxy whole, and keeps its connection', async () => {
    const { server, seen } = await recorder();
    const proxy = await proxyTo(Number(new URL(server.url).port), 'u:p%3Aw');
    const client = clientWith({ proxyFor: through(proxy) });
    for (const path of ['/a?b=c', '/d']) await client.send(requestTo(`http://api.invalid${path}`), NEVER);
    expect(proxy.served).toEqual(['GET http://api.invalid/a?b=c', 'GET http://api.invalid/d']);
    expect(seen[0]?.headers).toMatchObject({ host: 'api.invalid' });
    expect(seen[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('https goes through a tunnel, and the service’s certificate is still verified', async () => {
    const server = await serve((_, reply) => reply.writeHead(200).end('ok'), true);
    const { port } = new URL(server.url);
    const proxy = await proxyTo(Number(port), 'u:p');
    const proxyFor = through(proxy);
    const trusting = clientWith({ proxyFor, ca: [LOOPBACK_CERTIFICATE] });
    const reply = await trusting.send(requestTo(`https://localhost:${port}/`), NEVER);
    expect(Buffer.from(reply.body).toString()).toBe('ok');
    expect(proxy.served).toEqual([`CONNECT localhost:${port}`]);
    const wary = await failure(clientWith({ proxyFor }).send(requestTo(`https://localhost:${port}/`), NEVER));
    expect(wary).toMatchObject({ code: 'net.tls', context: { sent: false } });
  });

  it.each(['http', 'https'])('a proxy that wants another log-in is not the service’s refusal: %s', async (scheme) => {
    const { server } = await recorder();
    const { port } = new URL(server.url);
    const proxy = await proxyTo(Number(port), 'u:right');
    const url = proxy.url.replace('right', 'wrong');
    const client = clientWith({ proxyFor: proxyResolver({ kind: 'url', url }, {}) });
    const refused = await failure(client.send(requestTo(`${scheme}://localhost:${port}/`), NEVER));
    expect(refused).toMatchObject({ code: 'net.proxy', class: 'unreachable', context: { sent: false } });
    expect(inspect(refused, { depth: 9 }), 'P12').not.toContain('wrong');
  });

  it('is made anew after the network changed; what is in flight goes on, and idle connections are closed', async () => {
    const sockets = new Set<unknown>();
    const held: (() => void)[] = [];
    const server = await serve((request, reply) => {
      sockets.add(request.socket);
      if (request.url === '/slow') held.push(() => void reply.writeHead(200).end('slow'));
      else reply.writeHead(200).end('quick');
    });
    const client = clientWith();
    await client.send(requestTo(`${server.url}/`), NEVER);
    const slow = client.send(requestTo(`${server.url}/slow`), NEVER);
    await until('the slow one is under way', () => held.length === 1);
    await client.send(requestTo(`${server.url}/`), NEVER);
    const before = new Set(sockets);
    client.refreshConnections();
    await client.send(requestTo(`${server.url}/`), NEVER);
    expect([...sockets].filter((socket) => !before.has(socket))).toHaveLength(1);
    for (const end of held) end();
    expect(Buffer.from((await slow).body).toString()).toBe('slow');
    await until('those from before are closed', () => [...before].every((socket) => (socket as Socket).destroyed));
  });
});
