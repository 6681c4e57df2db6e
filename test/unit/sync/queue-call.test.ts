import { describe, expect, it } from 'vitest';
import { callPurpose } from '../../../src/sync/call-executor.ts';
import { queueCall, type NewCall } from '../../../src/sync/queue-call.ts';
import { bringTo, makeOutbox, must } from '../../support/outbox.ts';

const CALL: NewCall = {
  method: 'POST',
  provider: 'crm',
  url: '/contacts?token=abc',
  headers: { 'X-Tenant': '7' },
  body: '{"name":"Zoë"}',
  ifMatch: null,
  idempotencyKey: null,
  resource: null,
  priority: 'high',
  timeoutMs: 1000,
};

function makeBench() {
  const outbox = makeOutbox();
  const queue = (patch: Partial<NewCall> = {}) => queueCall(outbox, { ...CALL, ...patch });
  const keys = (patch: Partial<NewCall>) => {
    const { operation } = queue(patch);
    return outbox.db
      .prepare('SELECT resource_key FROM operation_keys WHERE operation_seq = ?')
      .pluck()
      .all(operation.seq);
  };
  return { outbox, queue, keys };
}

describe('queueCall', () => {
  it('stores what is to be sent, with its secret part sealed (P12)', () => {
    const { outbox, queue } = makeBench();
    const { kind, operation } = queue({ ifMatch: 'v1' });
    expect(kind).toBe('queued');
    expect(operation).toMatchObject({
      kind: 'api.call',
      state: 'pending',
      lane: 'provider:crm',
      provider: 'crm',
      target: 'POST crm:/contacts',
      priority: 'high',
      bytesTotal: 15,
      spec: { method: 'POST', ifMatch: 'v1', timeoutMs: 1000 },
    });
    const plain = JSON.stringify({ ...operation, sealed: null });
    for (const secret of ['abc', 'Zoë', 'X-Tenant']) expect(plain).not.toContain(secret);
    const opened = outbox.sealer.open(must(operation.sealed), callPurpose(operation.id));
    expect(JSON.parse(opened)).toEqual({ url: CALL.url, headers: CALL.headers, body: CALL.body });
  });

  it('P5: gives each call a key of its own, and the same operation to who repeats one', () => {
    const { outbox, queue } = makeBench();
    const [one, two] = [queue(), queue()];
    expect(one.operation.idempotencyKey).not.toBeNull();
    expect(one.operation.idempotencyKey).not.toBe(two.operation.idempotencyKey);
    const first = queue({ idempotencyKey: 'k' });
    expect(queue({ idempotencyKey: 'k' })).toEqual({ kind: 'known', operation: first.operation });
    const done = bringTo(outbox, first.operation, 'succeeded');
    expect(queue({ idempotencyKey: 'k' })).toEqual({ kind: 'known', operation: done });
  });

  it('P5: takes the order and the case of headers for no difference', () => {
    const { queue } = makeBench();
    queue({ idempotencyKey: 'k', headers: { A: '1', b: '2' } });
    expect(queue({ idempotencyKey: 'k', headers: { B: '2', a: '1' } }).kind).toBe('known');
  });

  it.each([
    ['method', { method: 'PUT' }],
    ['address', { url: '/contacts' }],
    ['header', { headers: { 'X-Tenant': '8' } }],
    ['body', { body: '{}' }],
    ['missing body', { body: null }],
    ['version', { ifMatch: 'v2' }],
  ] satisfies [string, Partial<NewCall>][])('P5: refuses a key that was used with another %s', (_what, patch) => {
    const { outbox, queue } = makeBench();
    const first = queue({ idempotencyKey: 'k' });
    expect(queue({ idempotencyKey: 'k', ...patch })).toEqual({ kind: 'key-reused', operation: first.operation });
    expect(outbox.repos.operations.lastSeq()).toBe(first.operation.seq);
  });

  it('keeps keys apart by provider and by origin', () => {
    const { queue } = makeBench();
    const to = (patch: Partial<NewCall>) => queue({ idempotencyKey: 'k', ...patch }).kind;
    expect(to({})).toBe('queued');
    expect(to({ provider: 'erp' })).toBe('queued');
    expect(to({ provider: null, url: 'https://a.example.com/x' })).toBe('queued');
    expect(to({ provider: null, url: 'https://b.example.com/x' })).toBe('queued');
    expect(to({ provider: null, url: 'https://b.example.com/x' })).toBe('known');
  });

  it('P8: orders calls by the resource named, else by the address of what replaces or deletes', () => {
    const { keys } = makeBench();
    expect(keys({})).toEqual([]);
    expect(keys({ method: 'GET' })).toEqual([]);
    expect(keys({ resource: 'contact-7' })).toEqual(['contact-7']);
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      expect(keys({ method, url: '/contacts/7?x=1#y' })).toEqual(['crm:/contacts/7']);
      expect(keys({ method, provider: null, url: 'https://a.example.com/c/7?x=1' })).toEqual([
        'https://a.example.com/c/7',
      ]);
    }
    expect(keys({ method: 'PUT', resource: 'contact-7' })).toEqual(['contact-7']);
  });

  it('P10: gives each origin a lane', () => {
    const { queue } = makeBench();
    const lane = (url: string) => queue({ provider: null, url }).operation.lane;
    expect(lane('https://a.example.com/x')).toBe('origin:https://a.example.com');
    expect(lane('http://127.0.0.1:8080/y')).toBe('origin:http://127.0.0.1:8080');
  });
});
