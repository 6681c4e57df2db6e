import type { IndexedKey, IndexedVersion } from '../key-index.ts';
import type { KeyIndex } from '../key-index.ts';
import { commonPrefixElements, readListingQuery, startingPoint } from '../listing-query.ts';
import type { Operation } from '../operation.ts';
import { bucketOf, isoTime, quoted, xmlReply } from '../operation.ts';
import { paginate } from '../paginate.ts';
import type { ListedEntry } from '../paginate.ts';
import { S3Error } from '../s3-error.ts';
import { xmlDocument } from '../xml.ts';
import type { XmlElements } from '../xml.ts';
import { OWNER } from './buckets.ts';

function* currentObjects(keys: Iterable<IndexedKey>): Generator<ListedEntry<IndexedVersion>> {
  for (const { key, versions } of keys) {
    const [newest] = versions;
    if (newest?.object !== undefined) yield { key, value: newest };
  }
}

/** What a listing says of one object, between its key and its owner. */
export function objectElements({ object, lastModifiedMs }: IndexedVersion): XmlElements {
  if (object === undefined) return [['LastModified', isoTime(lastModifiedMs)]];
  return [
    ['LastModified', isoTime(lastModifiedMs)],
    ['ETag', quoted(object.etag)],
    ['ChecksumAlgorithm', object.checksumAlgorithm],
    ['ChecksumType', object.checksumType],
    ['Size', object.sizeBytes],
    ['StorageClass', 'STANDARD'],
  ];
}

function pageFrom(index: KeyIndex, query: { prefix: string; delimiter: string; limit: number }, after: string) {
  const start = startingPoint(query.prefix, after);
  return paginate(currentObjects(index.from(start.key, start.inclusive)), { ...query, after });
}

function contents(
  entries: readonly ListedEntry<IndexedVersion>[],
  encode: (key: string) => string,
  withOwner: boolean,
): XmlElements {
  return entries.map(({ key, value }) => [
    'Contents',
    [['Key', encode(key)], ...objectElements(value), ['Owner', withOwner ? OWNER : undefined]],
  ]);
}

function decodeToken(token: string): string {
  const after = Buffer.from(token, 'base64url').toString();
  if (after !== '' && Buffer.from(after).toString('base64url') === token) return after;
  throw new S3Error('InvalidArgument', { message: 'The continuation token provided is incorrect' });
}

export const listObjectsV2: Operation = async (request) => {
  const { query, bucketName } = request;
  const { index } = bucketOf(request);
  const listing = readListingQuery(query, 'max-keys');
  const { encode } = listing;
  const token = query.get('continuation-token') ?? undefined;
  const startAfter = query.get('start-after') ?? undefined;
  const page = pageFrom(index, listing, token === undefined ? (startAfter ?? '') : decodeToken(token));
  const next = page.truncated && page.last !== undefined ? Buffer.from(page.last.key).toString('base64url') : undefined;
  const document = xmlDocument('ListBucketResult', [
    ['Name', bucketName],
    ['Prefix', encode(listing.prefix)],
    ['Delimiter', listing.delimiter === '' ? undefined : encode(listing.delimiter)],
    ['StartAfter', startAfter === undefined ? undefined : encode(startAfter)],
    ['ContinuationToken', token],
    ['NextContinuationToken', next],
    ['KeyCount', page.entries.length + page.commonPrefixes.length],
    ['MaxKeys', listing.limit],
    ['EncodingType', listing.encodingType],
    ['IsTruncated', page.truncated],
    ...contents(page.entries, encode, query.get('fetch-owner') === 'true'),
    ...commonPrefixElements(page.commonPrefixes, encode),
  ]);
  return Promise.resolve(xmlReply(document));
};

/** The first form of the listing, which older clients still use. */
export const listObjects: Operation = async (request) => {
  const { query, bucketName } = request;
  const { index } = bucketOf(request);
  const listing = readListingQuery(query, 'max-keys');
  const { encode } = listing;
  const marker = query.get('marker') ?? '';
  const page = pageFrom(index, listing, marker);
  const document = xmlDocument('ListBucketResult', [
    ['Name', bucketName],
    ['Prefix', encode(listing.prefix)],
    ['Marker', encode(marker)],
    ['NextMarker', page.truncated && listing.delimiter !== '' ? encode(page.last?.key ?? '') : undefined],
    ['Delimiter', listing.delimiter === '' ? undefined : encode(listing.delimiter)],
    ['MaxKeys', listing.limit],
    ['EncodingType', listing.encodingType],
    ['IsTruncated', page.truncated],
    ...contents(page.entries, encode, true),
    ...commonPrefixElements(page.commonPrefixes, encode),
  ]);
  return Promise.resolve(xmlReply(document));
};
