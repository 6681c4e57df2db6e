import { compareKeys } from '../key-order.ts';
import { commonPrefixElements, readListingQuery } from '../listing-query.ts';
import type { UploadRecord } from '../multipart-store.ts';
import type { Operation } from '../operation.ts';
import { bucketOf, isoTime, xmlReply } from '../operation.ts';
import { paginate } from '../paginate.ts';
import { xmlDocument } from '../xml.ts';
import { OWNER } from './buckets.ts';

function byKeyThenAge(a: UploadRecord, b: UploadRecord): number {
  return compareKeys(a.key, b.key) || (a.uploadId < b.uploadId ? -1 : 1);
}

export const listMultipartUploads: Operation = async (request) => {
  const { query, bucketName } = request;
  const { uploads } = bucketOf(request);
  const listing = readListingQuery(query, 'max-uploads');
  const { encode } = listing;
  const keyMarker = query.get('key-marker') ?? '';
  // Without a key marker S3 ignores the upload-id marker.
  const uploadIdMarker = keyMarker === '' ? '' : (query.get('upload-id-marker') ?? '');
  const entries = uploads
    .list()
    .filter(({ key, uploadId }) => {
      const order = compareKeys(key, keyMarker);
      return order > 0 || (order === 0 && uploadIdMarker !== '' && uploadId > uploadIdMarker);
    })
    .sort(byKeyThenAge)
    .map((record) => ({ key: record.key, value: record }));
  const page = paginate(entries, { ...listing, after: keyMarker });
  const next = page.truncated ? page.last : undefined;
  const document = xmlDocument('ListMultipartUploadsResult', [
    ['Bucket', bucketName],
    ['KeyMarker', encode(keyMarker)],
    ['UploadIdMarker', uploadIdMarker],
    ['NextKeyMarker', next === undefined ? undefined : encode(next.key)],
    ['NextUploadIdMarker', next?.value?.uploadId],
    ['Prefix', encode(listing.prefix)],
    ['Delimiter', listing.delimiter === '' ? undefined : encode(listing.delimiter)],
    ['MaxUploads', listing.limit],
    ['EncodingType', listing.encodingType],
    ['IsTruncated', page.truncated],
    ...page.entries.map(
      ({ value: record }) =>
        [
          'Upload',
          [
            ['Key', encode(record.key)],
            ['UploadId', record.uploadId],
            ['Initiator', OWNER],
            ['Owner', OWNER],
            ['StorageClass', 'STANDARD'],
            ['Initiated', isoTime(record.initiatedMs)],
            ['ChecksumAlgorithm', record.checksum?.algorithm],
            ['ChecksumType', record.checksum?.type],
          ],
        ] as const,
    ),
    ...commonPrefixElements(page.commonPrefixes, encode),
  ]);
  return Promise.resolve(xmlReply(document));
};
