import { describe, expect, it } from 'vitest';
import type { HttpReply } from '../../../src/core/ports.ts';
import { judgeReply, type CallFacts } from '../../../src/remote/http/judge-reply.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const call: CallFacts = {
  url: 'https://api.example/orders/7?key=abc',
  versionSent: false,
  earlierAmbiguous: false,
  secrets: ['the-token-value'],
};

function reply(status: number, body: string | Uint8Array = '', headers: Record<string, string> = {}): HttpReply {
  return { status, headers, body: Buffer.from(body), truncated: false };
}
function judge(status: number, facts: Partial<CallFacts> = {}, headers: Record<string, string> = {}) {
  return judgeReply({ ...call, ...facts }, reply(status, '', headers), NOW);
}
function errorOf(verdict: ReturnType<typeof judgeReply>) {
  if (verdict.kind === 'succeeded') throw new Error('it succeeded');
  return verdict.error;
}

describe('judgeReply', () => {
  it('any 2xx succeeds, with the version as the service wrote it', () => {
    expect(judge(204)).toEqual({ kind: 'succeeded' });
    expect(judge(200, {}, { etag: 'W/"7"' })).toEqual({ kind: 'succeeded', version: 'W/"7"' });
    expect(judge(304)).toEqual({ kind: 'succeeded' });
  });

  it('412 is a conflict; after an ambiguous attempt it is read back first', () => {
    expect(judge(412, { versionSent: true }).kind).toBe('conflict');
    expect(judge(412, { versionSent: true, earlierAmbiguous: true }).kind).toBe('read-back');
  });

  it('409 is a conflict only if a version was sent and no earlier attempt is ambiguous', () => {
    expect(judge(409, { versionSent: true }).kind).toBe('conflict');
    expect(errorOf(judge(409)).code).toBe('call.rejected');
    for (const versionSent of [true, false]) {
      const verdict = judge(409, { versionSent, earlierAmbiguous: true });
      expect(verdict.kind).toBe('error');
      expect(errorOf(verdict)).toMatchObject({ code: 'call.in-progress', class: 'transient' });
    }
  });

  it.each([
    [401, 'call.unauthorized', 'permanent'],
    [403, 'call.unauthorized', 'permanent'],
    [404, 'call.not-found', 'permanent'],
    [408, 'net.timeout', 'transient'],
    [425, 'call.rate-limited', 'transient'],
    [429, 'call.rate-limited', 'transient'],
    [500, 'call.server-error', 'transient'],
    [503, 'call.server-error', 'transient'],
    [301, 'call.redirected', 'permanent'],
    [307, 'call.redirected', 'permanent'],
    [400, 'call.rejected', 'business'],
    [410, 'call.rejected', 'business'],
    [422, 'call.rejected', 'business'],
  ])('%i is %s (%s)', (status, code, errorClass) => {
    expect(errorOf(judge(status))).toMatchObject({ code, class: errorClass, context: { status } });
  });

  it.each([408, 425, 429, 503])('%i obeys Retry-After in both forms', (status) => {
    expect(errorOf(judge(status, {}, { 'retry-after': '3' })).context.retryAfterMs).toBe(3_000);
    const date = { 'retry-after': 'Thu, 01 Jan 2026 12:01:00 GMT' };
    expect(errorOf(judge(status, {}, date)).context.retryAfterMs).toBe(60_000);
  });

  it('tells when a reply leaves the effect open', () => {
    const open = [400, 409, 429, 501, 503, 500, 502, 504].filter(
      (status) => errorOf(judge(status)).context.sent === true,
    );
    expect(open).toEqual([500, 502, 504]);
  });

  it('names the address of a redirect without its query', () => {
    const moved = errorOf(judge(308, {}, { location: '/v2/orders/7?ticket=secret' }));
    expect(moved.context).toMatchObject({
      detail: 'https://api.example/v2/orders/7',
      subject: 'https://api.example/orders/7',
    });
  });
});

const wordsOf = (body: string | Uint8Array, headers: Record<string, string>) =>
  errorOf(judgeReply(call, reply(422, body, headers), NOW)).context.detail;

describe('the service’s own words', () => {
  const json = { 'content-type': 'application/problem+json; charset=utf-8' };
  it('P11: they are told as its words; the new address of a redirect is not', () => {
    const origin = (said: HttpReply) => errorOf(judgeReply(call, said, NOW)).context.detailFrom;
    expect(origin(reply(422, 'too much'))).toBe('service');
    expect(origin(reply(422, ''))).toBeUndefined();
    expect(origin(reply(307, '', { location: '/v2/orders/7' }))).toBeUndefined();
  });

  it('title and detail of a problem document (RFC 9457)', () => {
    const problem = { type: 'about:blank', title: 'Not enough credit', detail: 'Your balance is 30.', status: 422 };
    expect(wordsOf(JSON.stringify(problem), json)).toBe('Not enough credit: Your balance is 30.');
  });

  it('the usual members of other JSON errors', () => {
    expect(wordsOf('{"error":{"code":"E7","message":"too late"}}', json)).toBe('E7: too late');
    expect(wordsOf('{"error":"invalid_grant","error_description":"gone"}', json)).toBe('invalid_grant: gone');
    expect(wordsOf('{"message":"no"}', json)).toBe('no');
  });

  it('else the start of the body, at most 2,048 characters', () => {
    expect(wordsOf('{"errors":[1]}', json)).toBe('{"errors":[1]}');
    expect(wordsOf('{broken', json)).toBe('{broken');
    expect(wordsOf('<html><style>a{}</style><h1>Nope</h1></html>', { 'content-type': 'text/html' })).toBe('Nope');
    expect(wordsOf('x'.repeat(9_000), {})).toHaveLength(2_048);
  });

  it('nothing where there is nothing to read', () => {
    expect(wordsOf('', {})).toBeUndefined();
    expect(wordsOf(Uint8Array.of(0x89, 0x50, 0xff, 0x00), {})).toBeUndefined();
  });

  it('never with the call’s secrets (P12)', () => {
    expect(wordsOf('{"title":"bad token the-token-value"}', json)).toBe('bad token ***');
  });
});
