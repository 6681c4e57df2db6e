import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { HeadObjectCommandOutput, PutObjectCommandInput } from '@aws-sdk/client-s3';
import { Crc64Nvme } from '@aws-sdk/crc64-nvme';
import { crc32c as nativeCrc32c } from '@node-rs/crc32';
import { expect } from 'vitest';
import { checks, clientFor, etagOf, put, refused, someBytes, tamper, withHeaders } from '../check.ts';
import type { CheckContext } from '../check.ts';

function base64Of32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}

export function crc32(body: Uint8Array): string {
  return base64Of32(zlibCrc32(body));
}

export function crc32c(body: Uint8Array): string {
  return base64Of32(nativeCrc32c(body));
}

export function sha256(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('base64');
}

function md5(body: Uint8Array): string {
  return createHash('md5').update(body).digest('base64');
}

export async function crc64nvme(body: Uint8Array): Promise<string> {
  const checksum = new Crc64Nvme();
  checksum.update(body);
  return Buffer.from(await checksum.digest()).toString('base64');
}

type Field = 'ChecksumCRC32' | 'ChecksumCRC32C' | 'ChecksumCRC64NVME' | 'ChecksumSHA1' | 'ChecksumSHA256';
type Algorithm = NonNullable<PutObjectCommandInput['ChecksumAlgorithm']>;

const BODY = someBytes(100_000, 7);
const OTHER = someBytes(100_000, 8);

async function reported(context: CheckContext, field: Field, algorithm: Algorithm, value: string): Promise<void> {
  const { client, bucket } = context;
  const reply = await put(context, 'k', BODY, { [field]: value, ChecksumAlgorithm: algorithm });
  expect(reply[field]).toBe(value);
  const head: HeadObjectCommandOutput = await client.send(
    new HeadObjectCommand({ Bucket: bucket, Key: 'k', ChecksumMode: 'ENABLED' }),
  );
  expect(head[field]).toBe(value);
}

async function wrongRefused(context: CheckContext, field: Field, algorithm: Algorithm, value: string): Promise<void> {
  await refused(put(context, 'k', BODY, { [field]: value, ChecksumAlgorithm: algorithm }), 400, 'BadDigest');
  expect(await etagOf(context, 'k')).toBeUndefined();
}

export const checksumChecks = checks('checksums', {
  'CRC32 of a PUT is stored and reported': (context) => reported(context, 'ChecksumCRC32', 'CRC32', crc32(BODY)),
  'CRC32C of a PUT is stored and reported': (context) => reported(context, 'ChecksumCRC32C', 'CRC32C', crc32c(BODY)),
  'CRC64NVME of a PUT is stored and reported': async (context) =>
    reported(context, 'ChecksumCRC64NVME', 'CRC64NVME', await crc64nvme(BODY)),
  'SHA-256 of a PUT is stored and reported': (context) => reported(context, 'ChecksumSHA256', 'SHA256', sha256(BODY)),
  'a wrong CRC32 is refused and stores nothing': (context) =>
    wrongRefused(context, 'ChecksumCRC32', 'CRC32', crc32(OTHER)),
  'a wrong CRC32C is refused and stores nothing': (context) =>
    wrongRefused(context, 'ChecksumCRC32C', 'CRC32C', crc32c(OTHER)),
  'a wrong CRC64NVME is refused and stores nothing': async (context) =>
    wrongRefused(context, 'ChecksumCRC64NVME', 'CRC64NVME', await crc64nvme(OTHER)),
  'a wrong SHA-256 is refused and stores nothing': (context) =>
    wrongRefused(context, 'ChecksumSHA256', 'SHA256', sha256(OTHER)),
  'a refused overwrite leaves the old object': async (context) => {
    const { ETag } = await put(context, 'k', 'old');
    await refused(
      put(context, 'k', BODY, { ChecksumSHA256: sha256(OTHER), ChecksumAlgorithm: 'SHA256' }),
      400,
      'BadDigest',
    );
    expect(await etagOf(context, 'k')).toBe(ETag);
  },
  'the type of a PUT’s checksum is FULL_OBJECT': async (context) => {
    const { client, bucket } = context;
    await put(context, 'k', BODY, { ChecksumCRC32: crc32(BODY), ChecksumAlgorithm: 'CRC32' });
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
    expect(head.ChecksumType).toBe('FULL_OBJECT');
  },
  'HEAD without the checksum mode reports none': async (context) => {
    const { client, bucket } = context;
    await put(context, 'k', BODY, { ChecksumCRC32: crc32(BODY), ChecksumAlgorithm: 'CRC32' });
    expect((await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }))).ChecksumCRC32).toBeUndefined();
  },
  'GET with the checksum mode reports it, and not on a range': async (context) => {
    const { client, bucket } = context;
    await put(context, 'k', BODY, { ChecksumCRC32: crc32(BODY), ChecksumAlgorithm: 'CRC32' });
    const whole = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
    await whole.Body?.transformToByteArray();
    expect(whole.ChecksumCRC32).toBe(crc32(BODY));
    const range = { Bucket: bucket, Key: 'k', ChecksumMode: 'ENABLED', Range: 'bytes=0-9' } as const;
    const some = await client.send(new GetObjectCommand(range));
    await some.Body?.transformToByteArray();
    expect(some.ChecksumCRC32).toBeUndefined();
  },
  'a trailing checksum of a streamed body is stored and reported': async (context) => {
    const { client, bucket } = context;
    const Body = Readable.from([BODY.subarray(0, 1), BODY.subarray(1)]);
    const input = { Bucket: bucket, Key: 'k', Body, ContentLength: BODY.length, ChecksumAlgorithm: 'CRC32C' } as const;
    await client.send(new PutObjectCommand(input));
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
    expect(head.ChecksumCRC32C).toBe(crc32c(BODY));
  },
  'a wrong trailing checksum is refused and stores nothing': async (context) => {
    const client = clientFor(context.target);
    const framed = [
      `${BODY.length.toString(16)}\r\n`,
      BODY,
      `\r\n0\r\nx-amz-checksum-crc32:${crc32(OTHER)}\r\n\r\n`,
    ].map((piece) => Buffer.from(piece));
    const body = Buffer.concat(framed);
    // The SDK would compute the right value, so its stream body is exchanged for one with the wrong trailer.
    tamper(client, (request) => {
      request.body = body;
    });
    const Body = Readable.from([BODY]);
    const input = { Bucket: context.bucket, Key: 'k', Body, ContentLength: BODY.length } as const;
    await refused(client.send(new PutObjectCommand({ ...input, ChecksumAlgorithm: 'CRC32' })), 400, 'BadDigest');
    client.destroy();
    expect(await etagOf(context, 'k')).toBeUndefined();
  },
  'a right Content-MD5 is accepted, a wrong one refused': async (context) => {
    await put(context, 'right', BODY, { ContentMD5: md5(BODY) });
    await refused(put(context, 'k', BODY, { ContentMD5: md5(OTHER) }), 400, 'BadDigest');
    expect(await etagOf(context, 'k')).toBeUndefined();
  },
  'a malformed Content-MD5 is InvalidDigest': async (context) => {
    await refused(put(context, 'k', BODY, { ContentMD5: 'nonsense' }), 400, 'InvalidDigest');
  },
  'a malformed checksum is InvalidRequest': async (context) => {
    await refused(put(context, 'k', BODY, { ChecksumCRC32: 'AAAA' }), 400, 'InvalidRequest');
  },
  'two checksums are InvalidRequest': async (context) => {
    const client = clientFor(context.target, { requestChecksumCalculation: 'WHEN_REQUIRED' });
    withHeaders(client, { 'x-amz-checksum-crc32': crc32(BODY), 'x-amz-checksum-crc32c': crc32c(BODY) });
    const work = client.send(new PutObjectCommand({ Bucket: context.bucket, Key: 'k', Body: BODY }));
    await refused(work, 400, 'InvalidRequest');
    client.destroy();
  },
});
