import { describe, expect, test } from 'vitest';
import { askForWindow } from '../../../electron/engine-requests.ts';
import { factsShape, INVOKES } from '../../../electron/ipc-contract.ts';
import { judgeSender } from '../../../electron/ipc-sender.ts';
import { isRendererMethod, RENDERER_METHODS } from '../../../electron/renderer-methods.ts';
import { isWebAddress } from '../../../electron/web-address.ts';
import { REQUESTS } from '../../../src/protocol/contract.ts';

describe('senders', () => {
  const ours = { isOwnWindow: true, isTopFrame: true, address: 'longshore://app/index.html' };
  test('our window is heard', () => expect(judgeSender(ours)).toBeNull());
  test('nobody else is', () => {
    expect(judgeSender({ ...ours, isOwnWindow: false })).not.toBeNull();
    expect(judgeSender({ ...ours, isTopFrame: false })).not.toBeNull();
    for (const address of ['', 'about:blank', 'https://app/index.html', 'longshore://evil/', 'data:text/html,x']) {
      expect(judgeSender({ ...ours, address }), address).not.toBeNull();
    }
  });
});

describe('payloads', () => {
  test('what is agreed passes', () => {
    expect(INVOKES.reveal.safeParse({ operationId: 'a' }).success).toBe(true);
    expect(INVOKES.request.safeParse({ method: 'ls', params: { limit: 5 } }).success).toBe(true);
    expect(INVOKES['engine-state'].safeParse(undefined).success).toBe(true);
  });
  test('anything else does not', () => {
    expect(INVOKES.reveal.safeParse({ operationId: '../../etc/passwd'.repeat(10) }).success).toBe(false);
    expect(INVOKES.reveal.safeParse({ operationId: 'a', path: '/etc/passwd' }).success).toBe(false);
    expect(INVOKES['open-folder'].safeParse({ folderName: '' }).success).toBe(false);
    expect(INVOKES['copy-text'].safeParse({ text: 5 }).success).toBe(false);
    expect(INVOKES['copy-text'].safeParse({ text: 'x'.repeat(1_000_001) }).success).toBe(false);
    expect(INVOKES['engine-state'].safeParse({}).success).toBe(false);
  });
  test('the facts for a page are complete', () => {
    expect(factsShape.safeParse({ version: '1', platform: 'linux', theme: null, locale: 'en' }).success).toBe(true);
    expect(factsShape.safeParse({ version: '1', platform: 'linux', theme: 'blue', locale: 'en' }).success).toBe(false);
  });
});

describe('methods', () => {
  test('what a page may never ask is not among them', () => {
    const forbidden = Object.keys(REQUESTS).filter((method) => !isRendererMethod(method));
    expect(forbidden.toSorted()).toEqual(
      [
        'hello',
        'host.signal',
        'localPath',
        'restore',
        'secret.rm',
        'secret.set',
        'shutdown',
        'uploads.abort',
        'uploads.ls',
        'viewUrl',
      ].toSorted(),
    );
    expect(new Set(RENDERER_METHODS).size).toBe(RENDERER_METHODS.length);
    for (const name of ['__proto__', 'constructor', '', null, 5]) expect(isRendererMethod(name)).toBe(false);
  });

  test('refusals are values: not allowed, not as agreed, not running', async () => {
    const host = { client: null, subscribe: async () => null };
    const kindOf = async (method: string, params: unknown): Promise<string> => {
      const reply = await askForWindow(host, method, params);
      return reply.ok ? 'ok' : reply.error.kind;
    };
    expect(await kindOf('shutdown', {})).toBe('not-available');
    expect(await kindOf('ls', { limit: 0 })).toBe('usage');
    expect(await kindOf('ls', { anything: 1 })).toBe('usage');
    expect(await kindOf('ls', null)).toBe('usage');
    expect(await kindOf('ls', {})).toBe('state');
    expect(await kindOf('subscribe', { changes: false, events: true })).toBe('state');
  });
});

test('only web addresses reach the browser', () => {
  expect(isWebAddress('https://bucket.example/a?X-Amz-Signature=1')).toBe(true);
  expect(isWebAddress('http://127.0.0.1:9000/a')).toBe(true);
  for (const address of ['file:///etc/passwd', 'javascript:alert(1)', 'ms-msdt:/id', 'smb://x/y', '/etc/passwd', '']) {
    expect(isWebAddress(address), address).toBe(false);
  }
});
