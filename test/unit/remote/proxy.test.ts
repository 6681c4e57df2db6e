import { describe, expect, it } from 'vitest';
import { isLoopback, proxyResolver } from '../../../src/remote/proxy.ts';

const S3 = 'https://s3.example.com';
const PLAIN = 'http://s3.example.com:9000';

describe('which proxy a setting means', () => {
  it('none: never one', () => {
    expect(proxyResolver({ kind: 'none' }, { https_proxy: 'http://p:1' })(S3)).toBeNull();
  });

  it('an address: always that one, also to this machine; user and password apart from it', () => {
    const resolve = proxyResolver({ kind: 'url', url: 'http://us%40er:p%3Aw@proxy.example:3128/' }, {});
    const expected = {
      url: 'http://proxy.example:3128',
      authorization: `Basic ${Buffer.from('us@er:p:w').toString('base64')}`,
    };
    expect(resolve(S3)).toEqual(expected);
    expect(resolve('http://127.0.0.1:9000')).toEqual(expected);
  });

  it.each([
    [{ https_proxy: 'http://p:1' }, S3, 'http://p:1'],
    [{ HTTPS_PROXY: 'http://p:1' }, S3, 'http://p:1'],
    [{ https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:1' }, S3, 'http://lower:1'],
    [{ https_proxy: 'http://p:1' }, PLAIN, null],
    [{ http_proxy: 'p:1' }, PLAIN, 'http://p:1'],
    [{ all_proxy: 'https://p:1' }, PLAIN, 'https://p:1'],
    [{ ALL_PROXY: 'http://all:1', https_proxy: 'http://p:1' }, S3, 'http://p:1'],
    [{ https_proxy: '' }, S3, null],
    [{ https_proxy: 'socks5://p:1' }, S3, null],
    [{ https_proxy: 'http://p:1', no_proxy: '*' }, S3, null],
    [{ https_proxy: 'http://p:1', no_proxy: 'other.org, example.com' }, S3, null],
    [{ https_proxy: 'http://p:1', NO_PROXY: '.example.com' }, S3, null],
    [{ https_proxy: 'http://p:1', no_proxy: '*.example.com' }, S3, null],
    [{ https_proxy: 'http://p:1', no_proxy: 's3.example.com:443' }, S3, null],
    [{ https_proxy: 'http://p:1', no_proxy: 's3.example.com:8443' }, S3, 'http://p:1'],
    [{ https_proxy: 'http://p:1', no_proxy: 'ample.com' }, S3, 'http://p:1'],
    [{ https_proxy: 'http://p:1', no_proxy: '[2001:db8::1]' }, 'https://[2001:db8::1]', null],
  ])('environment %j for %s: %s', (env: Record<string, string>, origin, expected) => {
    const found = proxyResolver({ kind: 'environment' }, env)(origin);
    expect(found?.url ?? null).toBe(expected);
  });

  it('system: what the host tells, which may be that there is none; else the environment', () => {
    const env = { https_proxy: 'http://environment:1' };
    const told = new Map<string, string | null>([
      [S3, 'http://system:1'],
      ['https://direct.example.com', null],
    ]);
    const resolve = proxyResolver({ kind: 'system' }, env, (origin) => told.get(origin));
    expect(resolve(S3)?.url).toBe('http://system:1');
    expect(resolve('https://direct.example.com')).toBeNull();
    expect(resolve('https://unknown.example.com')?.url).toBe('http://environment:1');
  });

  it.each(['http://127.0.0.1:9000', 'http://localhost:9000', 'https://a.localhost', 'http://[::1]:9000'])(
    'to this machine (%s) leads none but one that is named',
    (origin) => {
      const env = { all_proxy: 'http://p:1' };
      expect(isLoopback(new URL(origin).hostname)).toBe(true);
      expect(proxyResolver({ kind: 'environment' }, env)(origin)).toBeNull();
      expect(proxyResolver({ kind: 'system' }, env, () => 'http://p:1')(origin)).toBeNull();
    },
  );

  it.each(['localhost.example.com', '10.0.0.1', '[2001:db8::1]', 'notlocalhost'])('%s is another machine', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});
