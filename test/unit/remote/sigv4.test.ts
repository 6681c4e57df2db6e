import { describe, expect, it } from 'vitest';
import { EMPTY_PAYLOAD_SHA256, encodeKey, encodeRfc3986, SigV4 } from '../../../src/remote/s3/sigv4.ts';

/** The worked examples of the Amazon S3 API reference, "Signature Calculations for the Authorization Header". */
const KEYS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
};
const NOW = Date.UTC(2013, 4, 24);
const HOST = 'examplebucket.s3.amazonaws.com';

const signer = new SigV4('us-east-1', 's3');
const valueOf = (headers: readonly string[], name: string) => headers[headers.indexOf(name) + 1] ?? '';
const signatureOf = (headers: readonly string[]) =>
  /Signature=([0-9a-f]+)$/.exec(valueOf(headers, 'authorization'))?.[1];

describe('SigV4', () => {
  it.each([
    {
      name: 'GET of a range',
      request: { method: 'GET', path: '/test.txt', query: '', headers: [['range', 'bytes=0-9']] as const },
      payload: EMPTY_PAYLOAD_SHA256,
      signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    },
    {
      name: 'PUT with a key that needs encoding',
      request: {
        method: 'PUT',
        path: `/${encodeKey('test$file.text')}`,
        query: '',
        headers: [
          ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
          ['date', 'Fri, 24 May 2013 00:00:00 GMT'],
        ] as const,
      },
      payload: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    },
    {
      name: 'a query without a value',
      request: { method: 'GET', path: '/', query: 'lifecycle=', headers: [] },
      payload: EMPTY_PAYLOAD_SHA256,
      signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    },
    {
      name: 'a query with values',
      request: { method: 'GET', path: '/', query: 'max-keys=2&prefix=J', headers: [] },
      payload: EMPTY_PAYLOAD_SHA256,
      signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    },
  ])('$name', ({ request, payload, signature }) => {
    const headers = signer.sign({ ...request, host: HOST, payload }, KEYS, NOW);
    expect(signatureOf(headers)).toBe(signature);
    expect(valueOf(headers, 'x-amz-date')).toBe('20130524T000000Z');
    expect(valueOf(headers, 'x-amz-content-sha256')).toBe(payload);
  });

  it('signs the session token, and takes another key on another day and for another secret', () => {
    const request = { method: 'GET', host: HOST, path: '/a', query: '', headers: [], payload: EMPTY_PAYLOAD_SHA256 };
    const plain = signer.sign(request, KEYS, NOW);
    const token = signer.sign(request, { ...KEYS, sessionToken: 'the token' }, NOW);
    expect(valueOf(token, 'x-amz-security-token')).toBe('the token');
    expect(valueOf(token, 'authorization')).toContain('x-amz-date;x-amz-security-token,');
    const others = [
      token,
      signer.sign(request, KEYS, NOW + 24 * 3_600_000),
      signer.sign(request, { ...KEYS, secretAccessKey: 'another' }, NOW),
    ];
    expect(new Set([plain, ...others].map(signatureOf)).size).toBe(4);
    expect(signer.sign(request, KEYS, NOW)).toEqual(plain);
  });
});

describe('encoding', () => {
  it.each([
    ['a/b//c', 'a/b//c'],
    ['./..//.', './..//.'],
    ["!'()*", '%21%27%28%29%2A'],
    ['a b+c%20d', 'a%20b%2Bc%2520d'],
    ['~tilde-_.', '~tilde-_.'],
    ['ü/日本', '%C3%BC/%E6%97%A5%E6%9C%AC'],
    ['new\nline?x=1#y&z', 'new%0Aline%3Fx%3D1%23y%26z'],
    ['\\"<>^`{|}', '%5C%22%3C%3E%5E%60%7B%7C%7D'],
  ])('of the key %j', (key, encoded) => {
    expect(encodeKey(key)).toBe(encoded);
  });

  it('of a "/" in a query', () => {
    expect(encodeRfc3986('up/load+id==')).toBe('up%2Fload%2Bid%3D%3D');
  });

  it('never throws', () => {
    expect(encodeKey('\ud800')).toBe('%EF%BF%BD');
  });
});
