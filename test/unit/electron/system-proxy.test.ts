import { describe, expect, it } from 'vitest';
import { proxyAddressOf, systemProxies } from '../../../electron/system-proxy.ts';

describe('what Chromium says of proxies', () => {
  it.each([
    ['DIRECT', null],
    ['PROXY proxy.example:3128', 'http://proxy.example:3128'],
    ['PROXY one:1; PROXY two:2; DIRECT', 'http://one:1'],
    ['HTTPS secure.example:443', 'https://secure.example:443'],
    ['DIRECT; PROXY never:1', null],
    ['SOCKS5 socks:1080; PROXY http:3128', 'http://http:3128'],
    ['SOCKS5 socks:1080', null],
    ['proxy small:3128', 'http://small:3128'],
    ['', null],
    ['PROXY', null],
  ])('%s', (resolution, address) => {
    expect(proxyAddressOf(resolution)).toBe(address);
  });

  it('is asked once per service, and once per scheme for all others', async () => {
    const asked: string[] = [];
    const proxies = await systemProxies(
      ['https://s3.example/path', 'https://s3.example', 'http://127.0.0.1:9000', 'no address'],
      (url) => {
        asked.push(url);
        return Promise.resolve(url.startsWith('https://s3') ? 'DIRECT' : 'PROXY p:3128');
      },
    );
    expect(asked).toHaveLength(4);
    expect(proxies).toEqual({
      'https:': 'http://p:3128',
      'http:': 'http://p:3128',
      'https://s3.example': null,
      'http://127.0.0.1:9000': 'http://p:3128',
    });
  });
});
