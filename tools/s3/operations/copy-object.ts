import type { ObjectVersion } from '../key-record.ts';
import type { Bucket } from '../bucket.ts';
import { parseAlgorithm } from '../checksums.ts';
import type { ChecksumAlgorithm, StoredChecksum } from '../checksums.ts';
import { commitObject } from '../commit-object.ts';
import { assertCopySourceCondition, assertWriteCondition, readWriteCondition } from '../conditions.ts';
import { readObjectHeaders, versionHeaders } from '../object-headers.ts';
import { objectStream, wholeRange } from '../object-stream.ts';
import type { Operation, OperationRequest, ReplyStream } from '../operation.ts';
import { bucketOf, header, isoTime, quoted, xmlReply } from '../operation.ts';
import { rehashBlob } from '../receive-blob.ts';
import { parseCopySource } from '../request-target.ts';
import { S3Error } from '../s3-error.ts';
import { selectVersion } from '../select-version.ts';
import { xmlDocument } from '../xml.ts';
import type { XmlElements } from '../xml.ts';
import { fullChecksum } from './put-object.ts';

const COPY_LIMIT_BYTES = 5 * 1024 ** 3;

/** The source of a copy, its blobs held until `stream.release` is called. */
export interface CopySource {
  readonly bucket: Bucket;
  readonly version: ObjectVersion;
  readonly stream: ReplyStream;
}

/** Finds, checks and holds what `x-amz-copy-source` names. */
export async function openCopySource(request: OperationRequest): Promise<CopySource> {
  const { bucket: name, key, versionId } = parseCopySource(header(request.headers, 'x-amz-copy-source') ?? '');
  const bucket = request.storage.get(name);
  return bucket.inspect(key, (record) => {
    const version = selectVersion(record, key, versionId);
    assertCopySourceCondition(request.headers, version);
    return { bucket, version, stream: objectStream(bucket.blobs, version, wholeRange(version)) };
  });
}

/** `x-amz-copy-source-version-id`, where the source bucket has versions. */
export function sourceVersionHeaders({ bucket, version }: CopySource): Record<string, string> {
  return bucket.info.versioning === 'off' ? {} : { 'x-amz-copy-source-version-id': version.versionId };
}

/** ChecksumCRC32 and so on, as the XML replies name them. */
export function checksumElement(checksum: { algorithm: ChecksumAlgorithm; value: string } | undefined): XmlElements {
  return checksum === undefined ? [] : [[`Checksum${checksum.algorithm}`, checksum.value]];
}

interface CopiedBytes {
  readonly blob: string;
  readonly etag: string;
  readonly checksum?: StoredChecksum;
}

/** A plain object's blob is simply named twice; one of several parts is read, since its copy has an MD5 of its own. */
async function copyBytes(
  source: CopySource,
  target: Bucket,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<CopiedBytes> {
  const { version, bucket, stream } = source;
  const [segment, ...more] = version.segments;
  const sameChecksum = algorithm === undefined || algorithm === version.checksum?.algorithm;
  if (bucket === target && segment !== undefined && more.length === 0 && sameChecksum && !version.etag.includes('-')) {
    const blob = await target.blobs.duplicate(segment.blob);
    return { blob, etag: version.etag, ...(version.checksum === undefined ? {} : { checksum: version.checksum }) };
  }
  const stored = await rehashBlob(stream.bytes, target.blobs, algorithm ?? version.checksum?.algorithm);
  return { blob: stored.blob, etag: stored.md5.toString('hex'), ...fullChecksum(stored) };
}

function assertWorthCopying(request: OperationRequest, replaces: boolean): void {
  const { bucket, key, versionId } = parseCopySource(header(request.headers, 'x-amz-copy-source') ?? '');
  if (bucket === request.bucketName && key === request.key && versionId === undefined && !replaces) {
    throw new S3Error('InvalidRequest', {
      message:
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's " +
        'metadata, storage class, website redirect location or encryption attributes.',
    });
  }
}

export const copyObject: Operation = async (request) => {
  const { key, headers, settings } = request;
  const bucket = bucketOf(request);
  const condition = readWriteCondition(headers);
  const directive = (header(headers, 'x-amz-metadata-directive') ?? 'COPY').toUpperCase();
  if (directive !== 'COPY' && directive !== 'REPLACE') throw new S3Error('InvalidArgument');
  const wanted = header(headers, 'x-amz-checksum-algorithm');
  const algorithm = wanted === undefined ? undefined : parseAlgorithm(wanted);
  assertWorthCopying(request, directive === 'REPLACE');
  const ownHeaders = readObjectHeaders(headers);
  const source = await openCopySource(request);
  try {
    if (source.version.sizeBytes > COPY_LIMIT_BYTES) {
      throw new S3Error('InvalidRequest', {
        message: 'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
      });
    }
    await bucket.inspect(key, (record) => assertWriteCondition(condition, record, key));
    const { blob, ...copied } = await copyBytes(source, bucket, algorithm);
    const { system, metadata } = directive === 'REPLACE' ? ownHeaders : source.version;
    const { sizeBytes } = source.version;
    const version = await commitObject(bucket, key, condition, {
      ...copied,
      system,
      metadata,
      lastModifiedMs: settings.nowMs(),
      sizeBytes,
      segments: [{ blob, sizeBytes }],
    }).catch(async (error: unknown) => {
      await bucket.blobs.remove([blob]);
      throw error;
    });
    const result = xmlDocument('CopyObjectResult', [
      ['ETag', quoted(version.etag)],
      ['LastModified', isoTime(version.lastModifiedMs)],
      ...checksumElement(version.checksum),
      ['ChecksumType', version.checksum?.type],
    ]);
    return xmlReply(result, {
      ...sourceVersionHeaders(source),
      ...versionHeaders(version.versionId, bucket.info.versioning === 'Enabled'),
    });
  } finally {
    source.stream.release();
  }
};
