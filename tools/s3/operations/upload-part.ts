import { parseCopyRange } from '../byte-range.ts';
import { checksumHeader } from '../checksums.ts';
import type { ChecksumAlgorithm } from '../checksums.ts';
import { declaredDigests } from '../declared-digests.ts';
import { objectStream, wholeRange } from '../object-stream.ts';
import type { PartRecord, UploadRecord } from '../multipart-store.ts';
import type { Operation, OperationRequest } from '../operation.ts';
import { bucketOf, header, isoTime, queryInteger, quoted, xmlReply } from '../operation.ts';
import { receiveBlob, rehashBlob } from '../receive-blob.ts';
import type { StoredBlob } from '../receive-blob.ts';
import { S3Error } from '../s3-error.ts';
import { xmlDocument } from '../xml.ts';
import { checksumElement, openCopySource, sourceVersionHeaders } from './copy-object.ts';

const PART_LIMIT = 10_000;
const COPY_LIMIT_BYTES = 5 * 1024 ** 3;

/** @throws S3Error `InvalidArgument` outside 1 … 10,000. */
function partNumberOf(query: URLSearchParams): number {
  const partNumber = queryInteger(query, 'partNumber', [1, PART_LIMIT]);
  if (partNumber !== undefined) return partNumber;
  throw new S3Error('InvalidArgument', { message: 'This operation requires a partNumber.' });
}

/** A part must carry the checksum that its upload was created with; a composite one cannot do without. */
function assertChecksumFits(upload: UploadRecord, algorithm: ChecksumAlgorithm | undefined): void {
  const wanted = upload.checksum;
  if (wanted === undefined || algorithm === wanted.algorithm) return;
  if (algorithm === undefined && wanted.type === 'FULL_OBJECT') return;
  throw new S3Error('InvalidRequest', {
    message: `Checksum Type mismatch occurred, expected checksum Type: ${wanted.algorithm.toLowerCase()}, actual checksum Type: ${algorithm?.toLowerCase() ?? 'null'}`,
  });
}

/** Commits a stored blob as a part; when the upload has gone meanwhile, the blob goes too. */
async function addPart(request: OperationRequest, uploadId: string, stored: StoredBlob): Promise<PartRecord> {
  const { uploads, blobs } = bucketOf(request);
  const part: PartRecord = {
    partNumber: partNumberOf(request.query),
    sizeBytes: stored.sizeBytes,
    etag: stored.md5.toString('hex'),
    blob: stored.blob,
    lastModifiedMs: request.settings.nowMs(),
    ...(stored.checksum === undefined
      ? {}
      : { checksum: { algorithm: stored.checksum.algorithm, value: stored.checksum.digest.toString('base64') } }),
  };
  try {
    await uploads.putPart(uploadId, request.key, part);
  } catch (error) {
    await blobs.remove([stored.blob]);
    throw error;
  }
  return part;
}

export const uploadPart: Operation = async (request) => {
  const { query, key, headers } = request;
  const { uploads, blobs } = bucketOf(request);
  const uploadId = query.get('uploadId') ?? '';
  partNumberOf(query);
  const upload = uploads.get(uploadId, key);
  assertChecksumFits(upload, declaredDigests(headers).algorithm);
  request.body.contentLength();
  const stored = await receiveBlob(request, blobs, upload.checksum?.algorithm);
  const part = await addPart(request, uploadId, stored);
  const { checksum } = part;
  return {
    status: 200,
    headers: {
      etag: quoted(part.etag),
      ...(checksum === undefined ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value }),
    },
  };
};

export const uploadPartCopy: Operation = async (request) => {
  const { query, key, headers } = request;
  const { uploads, blobs } = bucketOf(request);
  const uploadId = query.get('uploadId') ?? '';
  partNumberOf(query);
  const upload = uploads.get(uploadId, key);
  const source = await openCopySource(request);
  try {
    const { version } = source;
    const rangeHeader = header(headers, 'x-amz-copy-source-range');
    const range = rangeHeader === undefined ? wholeRange(version) : parseCopyRange(rangeHeader, version.sizeBytes);
    if (range.end - range.start + 1 > COPY_LIMIT_BYTES) throw new S3Error('EntityTooLarge');
    const part = objectStream(source.bucket.blobs, version, range);
    try {
      const stored = await rehashBlob(part.bytes, blobs, upload.checksum?.algorithm);
      const added = await addPart(request, uploadId, stored);
      const document = xmlDocument('CopyPartResult', [
        ['ETag', quoted(added.etag)],
        ['LastModified', isoTime(added.lastModifiedMs)],
        ...checksumElement(added.checksum),
      ]);
      return xmlReply(document, sourceVersionHeaders(source));
    } finally {
      part.release();
    }
  } finally {
    source.stream.release();
  }
};
