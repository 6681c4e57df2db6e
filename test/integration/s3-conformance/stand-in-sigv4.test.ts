import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { authenticate } from '../../../tools/s3/authenticate.ts';
import { ChunkSignatures, decodeAwsChunked } from '../../../tools/s3/aws-chunked.ts';
import { parseTarget } from '../../../tools/s3/request-target.ts';

/** The worked examples of the S3 API reference, with its published keys and signatures. */
const POLICY = {
  credentials: [{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }],
  region: 'us-east-1',
  clockSkewLimitMs: 15 * 60_000,
  nowMs: () => Date.parse('2013-05-24T00:00:00Z'),
};
const HOST = 'examplebucket.s3.amazonaws.com';
const CREDENTIAL = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request';
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function check(method: string, url: string, headers: Record<string, string>) {
  const message = { method, url, headers: { host: HOST, ...headers } } as unknown as IncomingMessage;
  return authenticate(message, parseTarget(url), POLICY);
}

function signed(signedHeaders: string, signature: string): string {
  return `AWS4-HMAC-SHA256 Credential=${CREDENTIAL},SignedHeaders=${signedHeaders},Signature=${signature}`;
}

const CHUNKED_HEADERS = {
  host: 's3.amazonaws.com',
  authorization: signed(
    'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
    '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
  ),
  'content-encoding': 'aws-chunked',
  'content-length': '66824',
  'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'x-amz-date': '20130524T000000Z',
  'x-amz-decoded-content-length': '66560',
  'x-amz-storage-class': 'REDUCED_REDUNDANCY',
};

function chunkedBody(fill: string): Buffer {
  return Buffer.from(
    [
      '10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n',
      `${fill.repeat(65_536)}\r\n`,
      '400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n',
      `${'a'.repeat(1024)}\r\n`,
      '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
    ].join(''),
  );
}

async function decodedLength(body: Buffer, sliceBytes: number): Promise<number> {
  const auth = check('PUT', '/examplebucket/chunkObject.txt', CHUNKED_HEADERS);
  async function* source(): AsyncGenerator<Buffer> {
    for (let start = 0; start < body.length; start += sliceBytes) {
      yield await Promise.resolve(body.subarray(start, start + sliceBytes));
    }
  }
  let length = 0;
  const framing = { signatures: new ChunkSignatures(auth), trailers: false };
  for await (const chunk of decodeAwsChunked(source(), framing, new Map())) length += chunk.length;
  return length;
}

describe('the stand-in checks SigV4 as S3 documents it', () => {
  test('the documented GET with a range', () => {
    const headers = {
      authorization: signed(
        'host;range;x-amz-content-sha256;x-amz-date',
        'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      ),
      range: 'bytes=0-9',
      'x-amz-content-sha256': EMPTY_SHA256,
      'x-amz-date': '20130524T000000Z',
    };
    expect(check('GET', '/test.txt', headers).credentials.accessKeyId).toBe('AKIAIOSFODNN7EXAMPLE');
    expect(() => check('GET', '/test.txt', { ...headers, range: 'bytes=0-10' })).toThrow(/signature/);
    expect(() => check('GET', '/test2.txt', headers)).toThrow(/signature/);
  });

  test('the documented list with query parameters', () => {
    const headers = {
      authorization: signed(
        'host;x-amz-content-sha256;x-amz-date',
        '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      ),
      'x-amz-content-sha256': EMPTY_SHA256,
      'x-amz-date': '20130524T000000Z',
    };
    check('GET', '/?max-keys=2&prefix=J', headers);
    check('GET', '/?prefix=J&max-keys=2', headers);
    expect(() => check('GET', '/?max-keys=2&prefix=K', headers)).toThrow(/signature/);
  });

  test('the documented presigned URL', () => {
    const url =
      `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(CREDENTIAL)}` +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';
    expect(check('GET', url, {}).payloadHash).toBe('UNSIGNED-PAYLOAD');
    expect(() => check('GET', url.replace('86400', '86401'), {})).toThrow(/signature/);
  });

  test('the documented signed chunks, however the network cuts them', async () => {
    for (const sliceBytes of [66_824, 65_536, 1000, 7]) {
      expect(await decodedLength(chunkedBody('a'), sliceBytes)).toBe(66_560);
    }
  });

  test('a changed chunk is refused', async () => {
    await expect(decodedLength(chunkedBody('b'), 65_536)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  test('a chunked body that stops early is refused', async () => {
    const body = chunkedBody('a');
    await expect(decodedLength(body.subarray(0, -100), 1000)).rejects.toMatchObject({ code: 'IncompleteBody' });
  });
});
