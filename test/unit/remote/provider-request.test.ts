import { describe, expect, it } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import {
  providerRequest,
  secretsOf,
  type Call,
  type ResolvedAuth,
  type ResolvedProvider,
} from '../../../src/remote/http/provider-request.ts';

const provider: ResolvedProvider = {
  baseUrl: 'https://api.example/v1',
  headers: { Accept: 'application/json', 'X-Team': 'blue' },
  secretHeaders: [],
  auth: { type: 'none' },
  timeoutMs: 5_000,
};
const call: Call = {
  method: 'post',
  path: '/orders?draft=1',
  headers: {},
  body: null,
  expectedVersion: null,
  idempotencyKey: null,
};
const headersWith = (auth: ResolvedAuth) => providerRequest({ ...provider, auth }, call).headers;

describe('providerRequest', () => {
  it('joins address, headers and limits', () => {
    expect(providerRequest(provider, call, 10)).toEqual({
      method: 'POST',
      url: 'https://api.example/v1/orders?draft=1',
      headers: { accept: 'application/json', 'x-team': 'blue' },
      body: null,
      timeoutMs: 5_000,
      maxReplyBytes: 10,
    });
    expect(providerRequest(provider, { ...call, path: 'a/b' }).url).toBe('https://api.example/v1/a/b');
    expect(providerRequest(provider, { ...call, path: '' }).url).toBe('https://api.example/v1/');
  });

  it('says that JSON is JSON, unless somebody says what the body is', () => {
    const typeOf = (body: string, headers = {}, ofProvider = {}) =>
      providerRequest({ ...provider, headers: ofProvider }, { ...call, headers, body: Buffer.from(body) }).headers[
        'content-type'
      ];
    expect(typeOf('{"a":1}')).toBe('application/json');
    expect(typeOf('{"a":1}', { 'Content-Type': 'application/merge-patch+json' })).toBe('application/merge-patch+json');
    expect(typeOf('{"a":1}', {}, { 'Content-Type': 'application/vnd.api+json' })).toBe('application/vnd.api+json');
    expect(typeOf('plain')).toBeUndefined();
  });

  it('carries each kind of auth', () => {
    expect(headersWith({ type: 'bearer', token: 't' })['authorization']).toBe('Bearer t');
    expect(headersWith({ type: 'basic', username: 'ü', password: 'p:w' })['authorization']).toBe('Basic w7w6cDp3');
    expect(headersWith({ type: 'apiKey', header: 'X-Api-Key', value: 'v' })['x-api-key']).toBe('v');
  });

  it('lets the most particular header count, whatever its case', () => {
    const { headers } = providerRequest(
      { ...provider, auth: { type: 'bearer', token: 't' } },
      {
        ...call,
        headers: { 'x-TEAM': 'red', AUTHORIZATION: 'Own x', 'If-Match': '"old"' },
        expectedVersion: '"7"',
        idempotencyKey: 'k-1',
      },
    );
    expect(headers).toEqual({
      accept: 'application/json',
      'x-team': 'red',
      authorization: 'Own x',
      'if-match': '"7"',
      'idempotency-key': 'k-1',
    });
  });

  it.each(['../admin', '/../../x', '%2e%2e/admin', '..\\admin', 'a/../../admin'])(
    'refuses a path that leads out of the provider: %s',
    (path) => {
      expect(() => providerRequest(provider, { ...call, path })).toThrow(LongshoreError);
    },
  );

  it('never sends the provider’s secrets to another host', () => {
    for (const path of ['//evil.example/x', 'https://evil.example/x', '@evil.example/', '\\\\evil.example']) {
      expect(new URL(providerRequest(provider, { ...call, path }).url).host, path).toBe('api.example');
    }
  });
});

describe('secretsOf (P12)', () => {
  it('lists what must not be shown', () => {
    const basic = { type: 'basic', username: 'u', password: 'pass' } as const;
    expect(secretsOf({ ...provider, auth: basic })).toEqual(['pass', 'dTpwYXNz']);
    const apiKey = { type: 'apiKey', header: 'x', value: 'v' } as const;
    expect(secretsOf({ ...provider, auth: apiKey, secretHeaders: ['X-Team', 'X-Gone'] })).toEqual(['v', 'blue']);
  });
});
