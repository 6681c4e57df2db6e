import { describe, expect, it } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import type { HttpClient, HttpReply } from '../../../src/core/ports.ts';
import { CallExecutor } from '../../../src/sync/call-executor.ts';
import type { Outcome } from '../../../src/sync/outcome.ts';
import { queueCall } from '../../../src/sync/queue-call.ts';
import { lease, makeOutbox, must } from '../../support/outbox.ts';

const WINDOW_MS = 1000;

const lost = () => Promise.reject(new LongshoreError('net.timeout', { sent: true }));
const status = (code: number) => (): Promise<HttpReply> =>
  Promise.resolve({ status: code, headers: {}, body: Buffer.from('{}'), truncated: false });

/** A call whose attempts get these replies, one after the other. */
function callWith(replies: (() => Promise<HttpReply>)[], method = 'POST', ifMatch: string | null = null) {
  const outbox = makeOutbox();
  const http: HttpClient = { send: () => must(replies.shift())(), refreshConnections: () => undefined };
  const { operation } = queueCall(outbox, {
    method,
    provider: null,
    url: 'https://api.example.com/items',
    headers: {},
    body: '{}',
    ifMatch,
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
  const rules = { provider, idempotency: { mode: 'key', windowMs: WINDOW_MS } as const };
  const executor = new CallExecutor({ ...outbox, http, rules: () => Promise.resolve(rules) });
  const { signal } = new AbortController();
  const attempt = async (): Promise<string> => {
    const leased = lease(outbox, must(outbox.repos.operations.byId(operation.id)));
    const outcome: Outcome = await executor.run(leased, { signal, commitSignal: signal, progress: () => undefined });
    if (outcome.kind !== 'failed') return outcome.kind;
    outbox.repos.operations.transition(must(outbox.repos.operations.byId(operation.id)), 'release', outcome.change);
    return outcome.error.code;
  };
  return { attempt, clock: outbox.clock, left: () => replies.length };
}

describe('P5: a clear reply to a later attempt says nothing of an earlier one whose reply was lost', () => {
  it('in progress, and in progress again, is no refusal', async () => {
    const { attempt } = callWith([lost, status(409), status(409)]);
    expect(await attempt()).toBe('net.timeout');
    expect(await attempt()).toBe('call.in-progress');
    expect(await attempt()).toBe('call.in-progress');
  });

  it('beyond the time for which the service knows its key it is not sent again', async () => {
    const { attempt, clock, left } = callWith([lost, status(429), status(201)]);
    await attempt();
    await attempt();
    clock.jump(3600 * WINDOW_MS);
    expect(await attempt()).toBe('call.outcome-unknown');
    expect(left()).toBe(1);
  });

  it('a version that is another one by then is looked at before it counts as a conflict', async () => {
    const { attempt } = callWith([lost, status(503), status(412), status(200)], 'PUT', '"v1"');
    await attempt();
    await attempt();
    expect(await attempt()).toBe('succeeded');
  });
});
