import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import type { ChecksumAlgorithm, ChecksumType, CompletedPart, HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { checks, createUpload, etagOf, MIN_PART_BYTES, refused, sendParts, someBytes } from '../check.ts';
import type { CheckContext } from '../check.ts';
import { crc32, crc32c, crc64nvme, sha256 } from './checksums.ts';

const FIRST = someBytes(MIN_PART_BYTES, 21);
const LAST = someBytes(4321, 22);
const WHOLE = Buffer.concat([FIRST, LAST]);

type Field = 'ChecksumCRC32' | 'ChecksumCRC32C' | 'ChecksumCRC64NVME' | 'ChecksumSHA256';

interface Kind {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  readonly field: Field;
  /** Per part, base64. */
  readonly values: readonly [string, string];
}

const CRC64_VALUES = [await crc64nvme(FIRST), await crc64nvme(LAST)] as const;
const KINDS: Readonly<Record<'crc32' | 'crc32c' | 'crc64nvme' | 'sha256', Omit<Kind, 'type'>>> = {
  crc32: { algorithm: 'CRC32', field: 'ChecksumCRC32', values: [crc32(FIRST), crc32(LAST)] },
  crc32c: { algorithm: 'CRC32C', field: 'ChecksumCRC32C', values: [crc32c(FIRST), crc32c(LAST)] },
  crc64nvme: { algorithm: 'CRC64NVME', field: 'ChecksumCRC64NVME', values: CRC64_VALUES },
  sha256: { algorithm: 'SHA256', field: 'ChecksumSHA256', values: [sha256(FIRST), sha256(LAST)] },
};

async function uploadParts(context: CheckContext, kind: Kind): Promise<{ uploadId: string; parts: CompletedPart[] }> {
  const uploadId = await createUpload(context, 'k', { ChecksumAlgorithm: kind.algorithm, ChecksumType: kind.type });
  const parts = await sendParts(context, 'k', uploadId, [FIRST, LAST], (body) => ({
    [kind.field]: kind.values[body === FIRST ? 0 : 1],
    ChecksumAlgorithm: kind.algorithm,
  }));
  return { uploadId, parts };
}

function complete({ client, bucket }: CheckContext, uploadId: string, parts: CompletedPart[], extra: object = {}) {
  const input = { Bucket: bucket, Key: 'k', UploadId: uploadId, MultipartUpload: { Parts: parts }, ...extra };
  return client.send(new CompleteMultipartUploadCommand(input));
}

function head({ client, bucket }: CheckContext): Promise<HeadObjectCommandOutput> {
  return client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k', ChecksumMode: 'ENABLED' }));
}

async function fullObject(context: CheckContext, kind: Omit<Kind, 'type'>, value: string): Promise<void> {
  const { uploadId, parts } = await uploadParts(context, { ...kind, type: 'FULL_OBJECT' });
  await complete(context, uploadId, parts, { [kind.field]: value, ChecksumType: 'FULL_OBJECT' });
  expect((await head(context))[kind.field]).toBe(value);
}

async function composite(
  context: CheckContext,
  kind: Omit<Kind, 'type'>,
  digest: (bytes: Buffer) => string,
): Promise<void> {
  const { uploadId, parts } = await uploadParts(context, { ...kind, type: 'COMPOSITE' });
  await complete(context, uploadId, parts);
  const digests = Buffer.concat(kind.values.map((value) => Buffer.from(value, 'base64')));
  expect((await head(context))[kind.field]).toBe(`${digest(digests)}-2`);
}

export const multipartChecksumChecks = checks('multipart checksums', {
  'Create reports algorithm and type': async ({ client, bucket }) => {
    const input = { Bucket: bucket, Key: 'k', ChecksumAlgorithm: 'CRC32C', ChecksumType: 'FULL_OBJECT' } as const;
    const reply = await client.send(new CreateMultipartUploadCommand(input));
    expect(reply.ChecksumAlgorithm).toBe('CRC32C');
    expect(reply.ChecksumType).toBe('FULL_OBJECT');
  },
  'FULL_OBJECT CRC32': (context) => fullObject(context, KINDS.crc32, crc32(WHOLE)),
  'FULL_OBJECT CRC32C': (context) => fullObject(context, KINDS.crc32c, crc32c(WHOLE)),
  'FULL_OBJECT CRC64NVME': async (context) => fullObject(context, KINDS.crc64nvme, await crc64nvme(WHOLE)),
  'COMPOSITE CRC32': (context) => composite(context, KINDS.crc32, crc32),
  'COMPOSITE SHA-256': (context) => composite(context, KINDS.sha256, sha256),
  'Complete reports the checksum of the whole': async (context) => {
    const { uploadId, parts } = await uploadParts(context, { ...KINDS.crc32, type: 'FULL_OBJECT' });
    const reply = await complete(context, uploadId, parts);
    expect(reply.ChecksumCRC32).toBe(crc32(WHOLE));
    expect(reply.ChecksumType).toBe('FULL_OBJECT');
  },
  'HEAD tells the type of the checksum': async (context) => {
    for (const type of ['FULL_OBJECT', 'COMPOSITE'] as const) {
      const { uploadId, parts } = await uploadParts(context, { ...KINDS.crc32, type });
      await complete(context, uploadId, parts);
      expect((await head(context)).ChecksumType).toBe(type);
    }
  },
  'a wrong value of the whole is refused at Complete; the upload stays': async (context) => {
    const { uploadId, parts } = await uploadParts(context, { ...KINDS.crc32, type: 'FULL_OBJECT' });
    const wrong = { ChecksumCRC32: crc32(FIRST), ChecksumType: 'FULL_OBJECT' };
    await refused(complete(context, uploadId, parts, wrong), 400, 'BadDigest');
    expect(await etagOf(context, 'k')).toBeUndefined();
    await complete(context, uploadId, parts, { ChecksumCRC32: crc32(WHOLE), ChecksumType: 'FULL_OBJECT' });
  },
  'a wrong part checksum is refused and leaves no part': async (context) => {
    const { client, bucket } = context;
    const uploadId = await createUpload(context, 'k', { ChecksumAlgorithm: 'CRC32' });
    const work = sendParts(context, 'k', uploadId, [LAST], () => ({ ChecksumCRC32: crc32(FIRST) }));
    await refused(work, 400, 'BadDigest');
    const reply = await client.send(new ListPartsCommand({ Bucket: bucket, Key: 'k', UploadId: uploadId }));
    expect(reply.Parts ?? []).toEqual([]);
  },
  'ListParts reports the parts’ checksums': async (context) => {
    const { client, bucket } = context;
    const { uploadId } = await uploadParts(context, { ...KINDS.crc32, type: 'FULL_OBJECT' });
    const reply = await client.send(new ListPartsCommand({ Bucket: bucket, Key: 'k', UploadId: uploadId }));
    expect(reply.Parts?.map(({ ChecksumCRC32 }) => ChecksumCRC32)).toEqual(KINDS.crc32.values);
    expect(reply.ChecksumAlgorithm).toBe('CRC32');
    expect(reply.ChecksumType).toBe('FULL_OBJECT');
  },
  'a wrong part checksum named at Complete is InvalidPart': async (context) => {
    const { uploadId, parts } = await uploadParts(context, { ...KINDS.crc32, type: 'COMPOSITE' });
    const wrong = parts.map(({ PartNumber, ETag }) => ({
      PartNumber,
      ETag,
      ChecksumCRC32: crc32(Buffer.from('else')),
    }));
    await refused(complete(context, uploadId, wrong), 400, 'InvalidPart');
  },
  'CRC64NVME can not be COMPOSITE, SHA-256 not FULL_OBJECT': async ({ client, bucket }) => {
    const impossible = [
      { ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'COMPOSITE' },
      { ChecksumAlgorithm: 'SHA256', ChecksumType: 'FULL_OBJECT' },
    ] as const;
    for (const input of impossible) {
      const create = new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'k', ...input });
      await refused(client.send(create), 400, 'InvalidRequest');
    }
  },
  'a part with another algorithm than the upload’s is refused': async (context) => {
    const uploadId = await createUpload(context, 'k', { ChecksumAlgorithm: 'SHA256' });
    const work = sendParts(context, 'k', uploadId, [LAST], (body) => ({ ChecksumCRC32: crc32(body) }));
    await refused(work, 400, 'InvalidRequest');
  },
  'the ETag stays the MD5 of MD5s': async (context) => {
    const { uploadId, parts } = await uploadParts(context, { ...KINDS.crc32, type: 'FULL_OBJECT' });
    await complete(context, uploadId, parts);
    const digests = [FIRST, LAST].map((body) => createHash('md5').update(body).digest());
    const expected = createHash('md5').update(Buffer.concat(digests)).digest('hex');
    expect(await etagOf(context, 'k')).toBe(`"${expected}-2"`);
  },
});
