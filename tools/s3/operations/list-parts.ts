import type { Operation } from '../operation.ts';
import { bucketOf, isoTime, queryInteger, quoted, xmlReply } from '../operation.ts';
import { xmlDocument } from '../xml.ts';
import { OWNER } from './buckets.ts';
import { checksumElement } from './copy-object.ts';

const PAGE_LIMIT = 1000;

export const listParts: Operation = async (request) => {
  const { query, key, bucketName } = request;
  const { uploads } = bucketOf(request);
  const uploadId = query.get('uploadId') ?? '';
  const { checksum } = uploads.get(uploadId, key);
  const marker = queryInteger(query, 'part-number-marker', [0, 2_147_483_647]) ?? 0;
  const limit = Math.min(queryInteger(query, 'max-parts', [0, 2_147_483_647]) ?? PAGE_LIMIT, PAGE_LIMIT);
  const rest = uploads.parts(uploadId, key).filter((part) => part.partNumber > marker);
  const page = rest.slice(0, limit);
  const truncated = limit > 0 && rest.length > limit;
  const document = xmlDocument('ListPartsResult', [
    ['Bucket', bucketName],
    ['Key', key],
    ['UploadId', uploadId],
    ['Initiator', OWNER],
    ['Owner', OWNER],
    ['StorageClass', 'STANDARD'],
    ['PartNumberMarker', marker],
    ['NextPartNumberMarker', page.at(-1)?.partNumber ?? 0],
    ['MaxParts', limit],
    ['IsTruncated', truncated],
    ['ChecksumAlgorithm', checksum?.algorithm],
    ['ChecksumType', checksum?.type],
    ...page.map(
      (part) =>
        [
          'Part',
          [
            ['PartNumber', part.partNumber],
            ['LastModified', isoTime(part.lastModifiedMs)],
            ['ETag', quoted(part.etag)],
            ['Size', part.sizeBytes],
            ...checksumElement(part.checksum),
          ],
        ] as const,
    ),
  ]);
  return Promise.resolve(xmlReply(document));
};
