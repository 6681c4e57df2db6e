import { describe, expect, it } from 'vitest';
import { UnusableReply } from '../../../src/remote/s3/classify-s3.ts';
import { collectParts, collectUploads } from '../../../src/remote/s3/list-pages.ts';
import { bareEtag, remoteObject, writeReply } from '../../../src/remote/s3/replies.ts';
import { publicViewUrl } from '../../../src/remote/s3/view-url.ts';

const $metadata = {};
const MD5 = '900150983cd24fb0d6963f7d28e17f72';

describe('remoteObject', () => {
  const head = { ETag: `"${MD5}"`, ContentLength: 3 };

  it('keeps composite checksums apart, with or without the service naming their type', () => {
    const composite = remoteObject({ ...head, ChecksumCRC32: 'y/Q5Jg==-2' });
    expect(composite.checksums).toEqual([]);
    expect(composite.compositeChecksums).toEqual([{ algorithm: 'CRC32', value: 'y/Q5Jg==-2' }]);
    expect(remoteObject({ ...head, ChecksumCRC32: 'y/Q5Jg==', ChecksumType: 'COMPOSITE' }).checksums).toEqual([]);
    expect(remoteObject({ ...head, ChecksumCRC32: 'y/Q5Jg==' }).checksums).toEqual([
      { algorithm: 'CRC32', value: 'y/Q5Jg==' },
    ]);
  });

  it.each([
    [{}, true],
    [{ ServerSideEncryption: 'AES256' as const }, true],
    [{ ServerSideEncryption: 'aws:kms' as const }, false],
    [{ ServerSideEncryption: 'aws:kms:dsse' as const }, false],
    [{ SSECustomerAlgorithm: 'AES256' }, false],
    [{ ETag: `"${MD5}-3"` }, true],
    [{ ETag: `"${MD5}-3"`, ServerSideEncryption: 'aws:kms' as const }, false],
    [{ ETag: '"0x8D4BCC2E4835CD0"' }, false],
  ])('knows when the ETag is made of MD5s: %j', (fields, expected) => {
    expect(remoteObject({ ...head, ...fields }).etagIsMd5).toBe(expected);
  });

  it('does not take a reply without ETag or length for an object', () => {
    expect(() => remoteObject({ ContentLength: 3 })).toThrow(UnusableReply);
    expect(() => remoteObject({ ETag: '"e"' })).toThrow(UnusableReply);
  });
});

describe('ETags', () => {
  it.each([
    ['"abc"', 'abc'],
    ['abc', 'abc'],
    ['W/"abc"', 'abc'],
    ['', ''],
  ])('%s is %s', (text, bare) => {
    expect(bareEtag(text)).toBe(bare);
  });

  it('may be missing in the reply to a write', () => {
    expect(writeReply({})).toEqual({ etag: null, versionId: null, checksums: [], etagIsMd5: false });
  });
});

const part = (number: number) => ({ PartNumber: number, Size: 5, ETag: `"e${number}"` });

describe('collectParts', () => {
  const page = { $metadata, UploadId: 'u', Key: 'k' };

  it('follows the pages', async () => {
    const parts = await collectParts(({ PartNumberMarker }) =>
      Promise.resolve(
        PartNumberMarker === undefined
          ? { ...page, Parts: [part(1), part(2)], IsTruncated: true, NextPartNumberMarker: '2' }
          : { ...page, Parts: [part(3)], IsTruncated: false },
      ),
    );
    expect(parts.map(({ number, etag }) => [number, etag])).toEqual([
      [1, 'e1'],
      [2, 'e2'],
      [3, 'e3'],
    ]);
  });

  it('takes neither an empty reply nor a page that leads nowhere for the end', async () => {
    await expect(collectParts(() => Promise.resolve({ $metadata }))).rejects.toThrow(UnusableReply);
    await expect(collectParts(() => Promise.resolve({ ...page, IsTruncated: true }))).rejects.toThrow(UnusableReply);
    const circle = { ...page, IsTruncated: true, NextPartNumberMarker: '2' };
    await expect(collectParts(() => Promise.resolve(circle))).rejects.toThrow(UnusableReply);
  });
});

describe('collectUploads', () => {
  it('takes neither an empty reply nor a page that leads nowhere for the end', async () => {
    await expect(collectUploads(() => Promise.resolve({ $metadata }))).rejects.toThrow(UnusableReply);
    const circle = { $metadata, Bucket: 'b', IsTruncated: true, NextKeyMarker: 'k', NextUploadIdMarker: 'u' };
    await expect(collectUploads(() => Promise.resolve(circle))).rejects.toThrow(UnusableReply);
  });
});

describe('publicViewUrl', () => {
  it('encodes bucket and key, and takes nothing in them for a place holder', () => {
    const template = 'https://cdn.example/{bucket}/{key}?b={bucket}';
    expect(publicViewUrl(template, 'b', 'a b/ü+%#?.txt')).toBe(
      'https://cdn.example/b/a%20b/%C3%BC%2B%25%23%3F.txt?b=b',
    );
    expect(publicViewUrl('{bucket}|{key}', '{key}', '$&')).toBe('%7Bkey%7D|%24%26');
  });
});
