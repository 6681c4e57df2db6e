import { parseAlgorithm } from '../checksums.ts';
import type { ChecksumAlgorithm, ChecksumType } from '../checksums.ts';
import { readObjectHeaders } from '../object-headers.ts';
import type { Operation, OperationRequest } from '../operation.ts';
import { bucketOf, header, xmlReply } from '../operation.ts';
import { S3Error } from '../s3-error.ts';
import { xmlDocument } from '../xml.ts';

/** What S3 can report of a whole multipart object; the first is what it takes when asked for none. */
const TYPES: Readonly<Record<ChecksumAlgorithm, readonly [ChecksumType, ...ChecksumType[]]>> = {
  CRC32: ['COMPOSITE', 'FULL_OBJECT'],
  CRC32C: ['COMPOSITE', 'FULL_OBJECT'],
  CRC64NVME: ['FULL_OBJECT'],
  SHA1: ['COMPOSITE'],
  SHA256: ['COMPOSITE'],
};

function uploadChecksum(
  headers: OperationRequest['headers'],
): { algorithm: ChecksumAlgorithm; type: ChecksumType } | undefined {
  const algorithmName = header(headers, 'x-amz-checksum-algorithm');
  const typeName = header(headers, 'x-amz-checksum-type')?.toUpperCase();
  if (algorithmName === undefined) {
    if (typeName === undefined) return undefined;
    throw new S3Error('InvalidRequest', {
      message: 'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    });
  }
  const algorithm = parseAlgorithm(algorithmName);
  const type = typeName === undefined ? TYPES[algorithm][0] : TYPES[algorithm].find((known) => known === typeName);
  if (type !== undefined) return { algorithm, type };
  throw new S3Error('InvalidRequest', {
    message: `The ${typeName ?? ''} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  });
}

export const createMultipartUpload: Operation = async (request) => {
  const { key, headers, bucketName, settings } = request;
  const bucket = bucketOf(request);
  const checksum = uploadChecksum(headers);
  const { uploadId } = await bucket.uploads.create({
    key,
    initiatedMs: settings.nowMs(),
    ...readObjectHeaders(headers),
    ...(checksum === undefined ? {} : { checksum }),
  });
  const document = xmlDocument('InitiateMultipartUploadResult', [
    ['Bucket', bucketName],
    ['Key', key],
    ['UploadId', uploadId],
  ]);
  return xmlReply(
    document,
    checksum === undefined
      ? {}
      : { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type },
  );
};
