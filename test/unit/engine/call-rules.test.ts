import { describe, expect, it } from 'vitest';
import type { SecretSource } from '../../../src/config/config-types.ts';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import { callRules, secretResolver } from '../../../src/engine/call-rules.ts';
import { deskConfig } from '../../support/desk.ts';
import { makeOutbox, queueUpload } from '../../support/outbox.ts';

const CONFIG = deskConfig(`
folders: []
providers:
  crm:
    baseUrl: https://crm.example.com/v1
    timeout: 5s
    auth: { type: bearer, token: { secret: crm-token } }
    headers: { X-Tenant: "7", X-Key: { env: CRM_KEY } }
    idempotency: { mode: method, window: 1h }
`);

function rulesFor(provider: string | null, env: Readonly<Record<string, string>> = { CRM_KEY: 'from-env' }) {
  const outbox = makeOutbox();
  outbox.repos.secrets.set('crm-token', 'the-token', 0);
  const call = queueUpload(outbox, 'x', { kind: 'api.call', provider, folder: null, path: null, destination: null });
  return callRules(CONFIG, outbox.repos.secrets, env)(call, 'https://api.example.com/items?x=1');
}

describe('the rules of a call', () => {
  it('are those of its provider, with secrets looked up when it is sent', async () => {
    expect(await rulesFor('crm')).toEqual({
      provider: {
        baseUrl: 'https://crm.example.com/v1',
        headers: { 'X-Tenant': '7', 'X-Key': 'from-env' },
        secretHeaders: ['X-Key'],
        auth: { type: 'bearer', token: 'the-token' },
        timeoutMs: 5000,
      },
      idempotency: { mode: 'method', windowMs: 3_600_000 },
    });
  });

  it('treat a bare address as a provider of its origin, with a key for a day', async () => {
    expect(await rulesFor(null)).toMatchObject({
      provider: { baseUrl: 'https://api.example.com', auth: { type: 'none' }, headers: {} },
      idempotency: { mode: 'key', windowMs: 86_400_000 },
    });
  });

  it.each([
    ['a provider that is gone', 'erp', {}, 'config.provider-missing'],
    ['a variable that is not set', 'crm', {}, 'config.secret-missing'],
  ] as const)('fail with a reason for %s', async (_what, provider, env, code) => {
    await expect(rulesFor(provider, env)).rejects.toMatchObject({ code });
  });
});

describe('secrets', () => {
  const resolve = secretResolver({ get: (name) => (name === 'known' ? 'value' : null) }, { SET: 'x', EMPTY: '' });

  it('come from where the configuration says', () => {
    expect(resolve({ kind: 'literal', value: 'plain' })).toBe('plain');
    expect(resolve({ kind: 'secret', name: 'known' })).toBe('value');
    expect(resolve({ kind: 'env', name: 'SET' })).toBe('x');
  });

  it.each([
    { kind: 'secret', name: 'unknown' },
    { kind: 'env', name: 'UNSET' },
    { kind: 'env', name: 'EMPTY' },
  ] satisfies SecretSource[])('that are missing are named: $kind $name', (source) => {
    const missing = () => resolve(source);
    expect(missing).toThrow(LongshoreError);
    expect(missing).toThrow(expect.objectContaining({ code: 'config.secret-missing' }) as Error);
  });
});
