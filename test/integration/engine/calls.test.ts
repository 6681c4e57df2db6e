import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OperationDetail, OperationView } from '../../../src/protocol/shapes.ts';
import { QUICK_RETRY, Rig } from '../../support/engine-harness.ts';
import { afterBody, closedPort, startFaultServer, type FaultServer } from '../../support/fault-server.ts';
import { startStandIn, type StandIn } from '../../support/s3-servers.ts';
import { until } from '../../support/until.ts';

interface Seen {
  readonly at: number;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
type Reply = (reply: ServerResponse, seen: Seen, request: IncomingMessage) => void;

let storage: StandIn;
let api: FaultServer;
let rig: Rig;
let seen: Seen[] = [];
/** Replies in order; the last one goes on for ever. */
let replies: Reply[] = [];

const status =
  (code: number, headers: Record<string, string> = {}, body = '{}'): Reply =>
  (reply) =>
    void reply.writeHead(code, { 'content-type': 'application/json', ...headers }).end(body);
const RESET: Reply = (_reply, _seen, request) => void request.socket.resetAndDestroy();
const OK = status(200);

beforeAll(async () => {
  storage = await startStandIn();
  api = await startFaultServer(
    afterBody((reply, body, request) => {
      const one: Seen = {
        at: Date.now(),
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: body.toString(),
      };
      seen.push(one);
      (replies.length > 1 ? replies.shift() : replies[0])?.(reply, one, request);
    }),
  );
});
afterAll(async () => {
  await api.close();
  await storage.close();
});
beforeEach(async () => {
  seen = [];
  replies = [OK];
  rig = await Rig.create(storage);
  rig.configure({ providers: { crm: { baseUrl: `${api.url}/v1`, retry: QUICK_RETRY } } });
});
afterEach(() => rig.close());

const call = async (...args: string[]) => (await rig.json('call', ...args)) as OperationView;
const ended = async (id: string, state: string): Promise<OperationDetail> => {
  let detail = await rig.show(id);
  await until(`the call is ${state}`, async () => (detail = await rig.show(id)).state === state);
  return detail;
};
const keys = () => seen.map(({ headers }) => headers['idempotency-key']);

describe('an HTTP call', () => {
  it('is queued, sent once with its body, and keeps the reply; --wait tells the end', async () => {
    replies = [status(201, { location: '/v1/items/7', etag: '"v1"' }, '{"id":7}')];
    await rig.start();
    const waited = await rig.cli('--json', 'call', 'POST', 'crm:/items', '--body', '{"name":"x"}', '--wait');
    expect(waited.exitCode).toBe(0);
    const detail = JSON.parse(waited.out) as OperationDetail;
    expect(detail).toMatchObject({ kind: 'api.call', state: 'succeeded', attempts: 1, phase: 'done' });
    expect(detail.response).toMatchObject({ status: 201, body: '{"id":7}' });
    expect(detail.externalUrl).toBe('/v1/items/7');
    expect(seen).toMatchObject([{ method: 'POST', url: '/v1/items', body: '{"name":"x"}' }]);
    expect(keys()[0]).toMatch(/\S{8,}/);
  });

  it('P5: keeps one idempotency key over its attempts, and obeys Retry-After', async () => {
    replies = [status(503, { 'retry-after': '1' }), RESET, status(500), OK];
    await rig.start();
    const { id } = await call('POST', 'crm:/items', '--body', '{}');
    const done = await ended(id, 'succeeded');
    expect(done.attempts).toBe(4);
    expect(seen).toHaveLength(4);
    expect(new Set(keys()).size).toBe(1);
    expect(seen[1]!.at - seen[0]!.at).toBeGreaterThanOrEqual(1000);
  });

  it('P5: the key survives a restart of the engine between attempts', async () => {
    rig.configure({
      providers: { crm: { baseUrl: api.url, retry: { initialDelay: '1h', maxDelay: '1h', jitter: 'none' } } },
    });
    replies = [RESET, OK];
    await rig.start();
    const { id } = await call('POST', 'crm:/items');
    await ended(id, 'waiting');
    await rig.stop();
    await rig.start();
    await rig.json('retry', id);
    await ended(id, 'succeeded');
    expect(new Set(keys()).size).toBe(1);
    expect(seen).toHaveLength(2);
  });

  it('P5: a POST whose outcome is unknown is not repeated without a key; --new-key sends it on a person’s word', async () => {
    rig.configure({ providers: { crm: { baseUrl: api.url, retry: QUICK_RETRY, idempotency: { mode: 'none' } } } });
    replies = [RESET, OK];
    await rig.start();
    const { id } = await call('POST', 'crm:/pay');
    const failed = await ended(id, 'failed');
    expect(failed.error).toMatchObject({ code: 'call.outcome-unknown' });
    expect(failed.error?.hint).toMatch(/--new-key/);
    expect(seen).toHaveLength(1);
    const refused = await rig.cli('retry', id);
    expect(refused.exitCode).toBe(2);
    expect(refused.err).toMatch(/outcome is unknown/);
    await rig.json('retry', id, '--new-key');
    await ended(id, 'succeeded');
    expect(seen).toHaveLength(2);
  });

  it('P5: with a key it is repeated, but only inside the window', async () => {
    rig.configure({
      providers: {
        crm: {
          baseUrl: api.url,
          retry: { initialDelay: '1200ms', jitter: 'none' },
          idempotency: { mode: 'key', window: '1s' },
        },
      },
    });
    replies = [RESET, OK];
    await rig.start();
    const { id } = await call('POST', 'crm:/pay');
    const failed = await ended(id, 'failed');
    expect(failed.error?.code).toBe('call.outcome-unknown');
    expect(seen).toHaveLength(1);
    await rig.json('retry', id, '--new-key');
    await ended(id, 'succeeded');
    expect(new Set(keys()).size).toBe(2);
  });

  it('P5: PUT and DELETE are repeated whatever the key', async () => {
    rig.configure({ providers: { crm: { baseUrl: api.url, retry: QUICK_RETRY, idempotency: { mode: 'none' } } } });
    replies = [RESET, OK, RESET, status(204)];
    await rig.start();
    await ended((await call('PUT', 'crm:/a', '--body', '{}')).id, 'succeeded');
    await ended((await call('DELETE', 'crm:/a')).id, 'succeeded');
    expect(seen.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'DELETE', 'DELETE']);
    expect(keys()).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('a producer that repeats its key gets the same operation; with another request, an error', async () => {
    await rig.start();
    const first = await call('POST', 'crm:/items', '--body', '{"n":1}', '--idempotency-key', 'order-1');
    const again = await call('POST', 'crm:/items', '--body', '{"n":1}', '--idempotency-key', 'order-1');
    expect(again.id).toBe(first.id);
    const other = await rig.cli('call', 'POST', 'crm:/items', '--body', '{"n":2}', '--idempotency-key', 'order-1');
    expect(other.exitCode).toBe(2);
    expect(other.err).toContain(first.id);
    await ended(first.id, 'succeeded');
    expect((await call('POST', 'crm:/items', '--body', '{"n":1}', '--idempotency-key', 'order-1')).id).toBe(first.id);
    expect(seen).toHaveLength(1);
    expect(keys()).toEqual(['order-1']);
  });

  it('P4: 412 is a conflict with both versions; keep local sends over the present one, keep remote sends nothing', async () => {
    const record: Reply = (reply, request) => {
      if (request.method === 'GET') status(200, { etag: '"v2"' })(reply, request, undefined as never);
      else if (request.headers['if-match'] === '"v2"')
        status(200, { etag: '"v3"' })(reply, request, undefined as never);
      else status(412)(reply, request, undefined as never);
    };
    replies = [record];
    await rig.start();
    const mine = await call('PUT', 'crm:/items/7', '--body', '{"a":1}', '--if-match', '"v1"');
    const conflict = await ended(mine.id, 'conflict');
    expect(conflict.error).toMatchObject({ code: 'conflict.record' });
    expect(conflict.versions).toMatchObject({ base: { etag: '"v1"' }, remote: { etag: '"v2"' } });
    await rig.json('resolve', mine.id, '--keep', 'local');
    await ended(mine.id, 'succeeded');
    expect(seen.at(-1)).toMatchObject({ method: 'PUT', body: '{"a":1}' });
    expect(seen.at(-1)!.headers['if-match']).toBe('"v2"');
    const yours = await call('PUT', 'crm:/items/7', '--body', '{"a":2}', '--if-match', '"v1"');
    await ended(yours.id, 'conflict');
    const before = seen.length;
    await rig.json('resolve', yours.id, '--keep', 'remote');
    await ended(yours.id, 'succeeded');
    expect(seen).toHaveLength(before);
  });

  it('P5: 412 after a lost reply is read back first: what is as sent was done', async () => {
    let stored = '{"a":0}';
    let version = 1;
    const record: Reply = (reply, request, message) => {
      if (request.method === 'GET') return status(200, { etag: `"v${version}"` }, stored)(reply, request, message);
      if (request.headers['if-match'] !== `"v${version}"`) return status(412)(reply, request, message);
      stored = request.body;
      version += 1;
      return RESET(reply, request, message);
    };
    replies = [record];
    await rig.start();
    const { id } = await call('PUT', 'crm:/items/7', '--body', '{"a":1}', '--if-match', '"v1"');
    await ended(id, 'succeeded');
    expect(version).toBe(2);
  });

  it('P11: a refusal shows the service’s own words; retries are bounded', async () => {
    replies = [
      status(
        422,
        { 'content-type': 'application/problem+json' },
        '{"title":"Name is taken","detail":"Choose another name."}',
      ),
    ];
    await rig.start();
    const refused = await ended((await call('POST', 'crm:/items')).id, 'failed');
    expect(refused).toMatchObject({ attempts: 1, error: { code: 'call.rejected', class: 'business' } });
    expect(refused.error?.detail).toMatch(/Name is taken/);
    replies = [status(429)];
    rig.configure({ providers: { crm: { baseUrl: api.url, retry: { ...QUICK_RETRY, maxAttempts: 2 } } } });
    await until('the new limit is in force', () => rig.log.some((line) => line.includes('in force now')));
    const limited = await ended((await call('POST', 'crm:/items')).id, 'failed');
    expect(limited).toMatchObject({ attempts: 2, error: { code: 'call.rate-limited' } });
  });

  it('to a provider that can not be reached waits behind a gate and counts no attempt; files go on', async () => {
    const port = await closedPort();
    rig.configure({ providers: { crm: { baseUrl: `http://127.0.0.1:${port}` } } });
    await rig.start();
    const { id } = await call('POST', 'crm:/items');
    await until('it is gated', async () => (await rig.show(id)).gate === 'unreachable');
    expect(await rig.show(id)).toMatchObject({ state: 'pending', attempts: 0 });
    rig.write('a.txt', 'goes on');
    await rig.untilItem('a.txt', 'succeeded');
  });

  it('P8: calls on one resource run one after the other, in order; others pass', async () => {
    const held: ServerResponse[] = [];
    replies = [(reply) => void held.push(reply)];
    await rig.start();
    const first = await call('POST', 'crm:/a', '--resource', 'order/1');
    await until('the first is on its way', () => seen.length === 1);
    const second = await call('POST', 'crm:/b', '--resource', 'order/1');
    await call('POST', 'crm:/c', '--resource', 'order/2');
    await until('the other resource passed', () => seen.length === 2);
    expect(seen.map(({ url }) => url)).toEqual(['/v1/a', '/v1/c']);
    replies = [OK];
    for (const reply of held) reply.writeHead(200).end('{}');
    await ended(first.id, 'succeeded');
    await ended(second.id, 'succeeded');
    expect(seen.map(({ url }) => url)).toEqual(['/v1/a', '/v1/c', '/v1/b']);
  });

  it('P9: a paused provider sends nothing; others go on; resume sends', async () => {
    rig.configure({ providers: { crm: { baseUrl: api.url }, erp: { baseUrl: api.url } } });
    await rig.start();
    await rig.json('pause', '--provider', 'crm');
    const { id } = await call('POST', 'crm:/held');
    await ended((await call('POST', 'erp:/sent')).id, 'succeeded');
    expect(await rig.show(id)).toMatchObject({ state: 'pending', gate: 'paused' });
    expect(seen.map(({ url }) => url)).toEqual(['/sent']);
    await rig.json('resume', '--provider', 'crm');
    await ended(id, 'succeeded');
  });

  it('to a bare address works; plain http to another machine and unknown providers are refused in words', async () => {
    await rig.start();
    await ended((await call('GET', `${api.url}/bare?x=1`)).id, 'succeeded');
    expect(seen[0]).toMatchObject({ method: 'GET', url: '/bare?x=1' });
    expect((await rig.cli('call', 'GET', 'http://example.com/')).exitCode).toBe(2);
    expect((await rig.cli('call', 'GET', 'nobody:/x')).err).toMatch(/no provider "nobody"/);
    expect(await rig.ls()).toHaveLength(1);
  });

  it('that fails makes --wait end with 3', async () => {
    replies = [status(404)];
    await rig.start();
    const waited = await rig.cli('--json', 'call', 'GET', 'crm:/none', '--wait');
    expect(waited.exitCode).toBe(3);
    expect(JSON.parse(waited.out)).toMatchObject({ state: 'failed', error: { code: 'call.not-found' } });
  });
});
