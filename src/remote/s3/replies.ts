import type { Checksum, ChecksumAlgorithm, RemoteObject, WriteReply } from '../../core/ports.ts';
import { isChecksumValue } from '../../core/checksum.ts';
import { UnusableReply } from './classify-s3.ts';

interface ChecksumFields {
  readonly ChecksumCRC64NVME?: string | undefined;
  readonly ChecksumCRC32?: string | undefined;
}

export const CHECKSUM_FIELD = { CRC64NVME: 'ChecksumCRC64NVME', CRC32: 'ChecksumCRC32' } as const satisfies Record<
  ChecksumAlgorithm,
  keyof ChecksumFields
>;
const ALGORITHMS = ['CRC64NVME', 'CRC32'] as const satisfies readonly ChecksumAlgorithm[];
const COMPOSITE = /^[A-Za-z0-9+/=]+-\d+$/;

/** Full-object values only: a composite one has a "-N", and old services report it without its type. */
function fullChecksums(fields: ChecksumFields): Checksum[] {
  return read(fields, isChecksumValue);
}

function compositeChecksums(fields: ChecksumFields): Checksum[] {
  return read(fields, (_, value) => COMPOSITE.test(value));
}

function read(fields: ChecksumFields, wanted: (algorithm: ChecksumAlgorithm, value: string) => boolean): Checksum[] {
  return ALGORITHMS.flatMap((algorithm) => {
    const value = fields[CHECKSUM_FIELD[algorithm]];
    return value !== undefined && wanted(algorithm, value) ? [{ algorithm, value }] : [];
  });
}

/** The first full-object value of a part, if any. */
export function partChecksum(fields: ChecksumFields): Checksum | null {
  return fullChecksums(fields)[0] ?? null;
}

/** Without quotes and weakness mark: services differ in both. */
export function bareEtag(etag: string): string {
  return etag.replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
}

export function requireEtag(etag: string | undefined): string {
  const bare = bareEtag(etag ?? '');
  if (bare === '') throw new UnusableReply('the reply has no ETag');
  return bare;
}

interface Encryption {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
}

/**
 * The ETag is the content's MD5 for objects stored in one piece, in plain text or under SSE-S3 (Amazon S3 API reference,
 * "Object"); of a multipart upload the MD5 of its parts' MD5s, with "-N".
 */
function etagIsMd5(etag: string | undefined, reply: Encryption): boolean {
  const encryptedOtherwise =
    reply.ServerSideEncryption?.startsWith('aws:') === true || reply.SSECustomerAlgorithm !== undefined;
  return !encryptedOtherwise && /^[0-9a-f]{32}(-\d+)?$/.test(bareEtag(etag ?? ''));
}

/** What replies about an object tell, as far as it matters, under the SDK's names. */
export interface ObjectFields extends ChecksumFields, Encryption {
  readonly ETag?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly ContentLength?: number | undefined;
  readonly LastModified?: Date | undefined;
  readonly Metadata?: Readonly<Record<string, string>> | undefined;
  readonly ChecksumType?: string | undefined;
}

export function remoteObject(reply: ObjectFields): RemoteObject {
  const etag = requireEtag(reply.ETag);
  if (reply.ContentLength === undefined) throw new UnusableReply('the reply has no length');
  return {
    etag,
    versionId: reply.VersionId ?? null,
    sizeBytes: reply.ContentLength,
    lastModified: reply.LastModified?.getTime() ?? null,
    metadata: reply.Metadata ?? {},
    checksums: reply.ChecksumType === 'COMPOSITE' ? [] : fullChecksums(reply),
    compositeChecksums: compositeChecksums(reply),
    etagIsMd5: etagIsMd5(reply.ETag, reply),
  };
}

export function writeReply(reply: ObjectFields): WriteReply {
  const etag = bareEtag(reply.ETag ?? '');
  return {
    etag: etag === '' ? null : etag,
    versionId: reply.VersionId ?? null,
    checksums: reply.ChecksumType === 'COMPOSITE' ? [] : fullChecksums(reply),
    etagIsMd5: etagIsMd5(reply.ETag, reply),
  };
}
