import type { Bucket } from '../bucket.ts';
import { CHECKSUM_ALGORITHMS, checksumHeader } from '../checksums.ts';
import type { StoredChecksum } from '../checksums.ts';
import { commitObject } from '../commit-object.ts';
import { matchParts, multipartEtag, readNamedParts, wholeChecksum } from '../completed-parts.ts';
import { readWriteCondition } from '../conditions.ts';
import type { ObjectVersion } from '../key-record.ts';
import { versionHeaders } from '../object-headers.ts';
import type { Operation, OperationRequest, Reply } from '../operation.ts';
import { bucketOf, header, quoted, xmlReply } from '../operation.ts';
import { S3Error } from '../s3-error.ts';
import { xmlDocument } from '../xml.ts';
import { checksumElement } from './copy-object.ts';

const XML_LIMIT_BYTES = 8 * 1024 * 1024;

/** Compares what the request says of the whole object with what its parts make. */
function assertWholeObject(request: OperationRequest, checksum: StoredChecksum | undefined, sizeBytes: number): void {
  const { headers } = request;
  const claimedSize = header(headers, 'x-amz-mp-object-size');
  if (claimedSize !== undefined && Number(claimedSize) !== sizeBytes) {
    throw new S3Error('InvalidRequest', {
      message: `The provided 'x-amz-mp-object-size' header value ${claimedSize} does not match what was computed: ${sizeBytes}`,
    });
  }
  const claimedType = header(headers, 'x-amz-checksum-type')?.toUpperCase();
  if (claimedType !== undefined && checksum !== undefined && claimedType !== checksum.type) {
    throw new S3Error('InvalidRequest', {
      message: `The upload was created using the ${checksum.type} checksum mode. The complete request must use the same checksum mode.`,
    });
  }
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const claimed = header(headers, checksumHeader(algorithm));
    if (claimed === undefined) continue;
    if (checksum?.algorithm !== algorithm) {
      throw new S3Error('InvalidRequest', {
        message: `Checksum Type mismatch occurred, expected checksum Type: ${checksum?.algorithm.toLowerCase() ?? 'null'}, actual checksum Type: ${algorithm.toLowerCase()}`,
      });
    }
    if (claimed !== checksum.value && claimed !== checksum.value.replace(/-\d+$/, '')) {
      throw new S3Error('BadDigest', {
        message: `The ${algorithm} you specified did not match the calculated checksum.`,
      });
    }
  }
}

function completed(request: OperationRequest, bucket: Bucket, version: ObjectVersion): Reply {
  const { bucketName, key, headers } = request;
  const path = [bucketName, ...key.split('/')].map((segment) => encodeURIComponent(segment)).join('/');
  const document = xmlDocument('CompleteMultipartUploadResult', [
    ['Location', `http://${headers.host ?? ''}/${path}`],
    ['Bucket', bucketName],
    ['Key', key],
    ['ETag', quoted(version.etag)],
    ...checksumElement(version.checksum),
    ['ChecksumType', version.checksum?.type],
  ]);
  return xmlReply(document, versionHeaders(version.versionId, bucket.info.versioning === 'Enabled'));
}

async function alreadyCompleted(bucket: Bucket, key: string, uploadId: string): Promise<ObjectVersion | undefined> {
  return bucket.inspect(key, (record) =>
    record?.versions.find((version) => version.kind === 'object' && version.uploadId === uploadId),
  ) as Promise<ObjectVersion | undefined>;
}

export const completeMultipartUpload: Operation = async (request) => {
  const { key, query, headers, settings } = request;
  const bucket = bucketOf(request);
  const uploadId = query.get('uploadId') ?? '';
  const condition = readWriteCondition(headers);
  const named = readNamedParts((await request.body.buffer(XML_LIMIT_BYTES)).toString());
  try {
    const version = await bucket.uploads.end(uploadId, key, async (upload, stored) => {
      const parts = matchParts(named, stored, upload, settings.minPartSizeBytes);
      const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
      const checksum = await wholeChecksum(upload, parts);
      assertWholeObject(request, checksum, sizeBytes);
      // The parts' own blobs become the object: nothing is copied, however large it is.
      const result = await commitObject(bucket, key, condition, {
        system: upload.system,
        metadata: upload.metadata,
        lastModifiedMs: settings.nowMs(),
        etag: multipartEtag(parts),
        sizeBytes,
        segments: parts.map((part) => ({ blob: part.blob, sizeBytes: part.sizeBytes })),
        ...(checksum === undefined ? {} : { checksum }),
        uploadId,
      });
      return { kept: parts.map((part) => part.blob), result };
    });
    return completed(request, bucket, version);
  } catch (error) {
    if (!(error instanceof S3Error && error.code === 'NoSuchUpload')) throw error;
    const version = settings.repeatedComplete === 'same' ? await alreadyCompleted(bucket, key, uploadId) : undefined;
    if (version === undefined) throw error;
    return completed(request, bucket, version);
  }
};

export const abortMultipartUpload: Operation = async (request) => {
  const { uploads } = bucketOf(request);
  await uploads.end(request.query.get('uploadId') ?? '', request.key, async () =>
    Promise.resolve({ kept: [], result: undefined }),
  );
  return { status: 204, headers: {} };
};
