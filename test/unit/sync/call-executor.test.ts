import { describe, expect, it } from 'vitest';
import type { HttpClient, HttpReply, HttpRequest } from '../../../src/core/ports.ts';
import { CallExecutor } from '../../../src/sync/call-executor.ts';
import { Stopped } from '../../../src/sync/outcome.ts';
import { queueCall } from '../../../src/sync/queue-call.ts';
import { lease, makeOutbox } from '../../support/outbox.ts';

const OK: HttpReply = { status: 200, headers: { etag: '"v2"' }, body: Buffer.from('{}'), truncated: false };

function makeBench(reply: () => Promise<HttpReply> = () => Promise.resolve(OK)) {
  const outbox = makeOutbox();
  const sent: HttpRequest[] = [];
  const http: HttpClient = {
    send: (request) => {
      sent.push(request);
      return reply();
    },
    refreshConnections: () => undefined,
  };
  const { operation } = queueCall(outbox, {
    method: 'POST',
    provider: null,
    url: 'https://api.example.com/items',
    headers: {},
    body: '{}',
    ifMatch: null,
    idempotencyKey: 'k',
    resource: null,
    priority: 'normal',
    timeoutMs: 1000,
  });
  const provider = {
    baseUrl: 'https://api.example.com',
    headers: {},
    secretHeaders: [],
    auth: { type: 'none' } as const,
    timeoutMs: 1000,
  };
  const executor = new CallExecutor({
    ...outbox,
    http,
    rules: () => Promise.resolve({ provider, idempotency: { mode: 'key', windowMs: 1000 } }),
  });
  const stop = new AbortController();
  const run = () =>
    executor.run(lease(outbox, operation), {
      signal: stop.signal,
      commitSignal: new AbortController().signal,
      progress: () => undefined,
    });
  return { outbox, operation, sent, stop, run };
}

describe('a call', () => {
  it('P9: that is stopped before it was sent is no failed attempt', async () => {
    const { run, stop, sent } = makeBench();
    stop.abort(new Stopped('shutdown'));
    expect(await run()).toEqual({ kind: 'stopped' });
    expect(sent).toEqual([]);
  });

  it('P5: stores that it may have been sent before it is, and sends its key', async () => {
    let memo: unknown;
    const bench = makeBench(() => {
      memo = bench.outbox.repos.operations.byId(bench.operation.id)?.memo;
      return Promise.resolve(OK);
    });
    expect(await bench.run()).toMatchObject({ kind: 'succeeded', change: { memo: {} } });
    expect(memo).toEqual({ firstSentAt: bench.outbox.clock.now(), unsettled: true });
    expect(bench.sent[0]?.headers['idempotency-key'] ?? bench.sent[0]?.headers['Idempotency-Key']).toBe('k');
  });
});
