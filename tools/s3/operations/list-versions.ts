import type { IndexedKey, IndexedVersion } from '../key-index.ts';
import { commonPrefixElements, readListingQuery, startingPoint } from '../listing-query.ts';
import type { Operation } from '../operation.ts';
import { bucketOf, xmlReply } from '../operation.ts';
import { paginate } from '../paginate.ts';
import type { ListedEntry } from '../paginate.ts';
import { S3Error } from '../s3-error.ts';
import { xmlDocument } from '../xml.ts';
import { OWNER } from './buckets.ts';
import { objectElements } from './list-objects.ts';

interface ListedVersion {
  readonly version: IndexedVersion;
  readonly isLatest: boolean;
}

/** All versions, newest first within a key; under the marker's key only those behind the marked version. */
function* versionsFrom(
  keys: Iterable<IndexedKey>,
  marker: { key: string; versionId: string } | undefined,
): Generator<ListedEntry<ListedVersion>> {
  for (const { key, versions } of keys) {
    let skip = 0;
    if (key === marker?.key) {
      const position = versions.findIndex((version) => version.versionId === marker.versionId);
      skip = position === -1 ? versions.length : position + 1;
    }
    for (const [place, version] of versions.entries()) {
      if (place >= skip) yield { key, value: { version, isLatest: place === 0 } };
    }
  }
}

export const listObjectVersions: Operation = async (request) => {
  const { query, bucketName } = request;
  const { index } = bucketOf(request);
  const listing = readListingQuery(query, 'max-keys');
  const { encode } = listing;
  const keyMarker = query.get('key-marker') ?? '';
  const versionMarker = query.get('version-id-marker') ?? '';
  if (versionMarker !== '' && keyMarker === '') {
    throw new S3Error('InvalidArgument', { message: 'A version-id marker cannot be specified without a key marker.' });
  }
  const marker = versionMarker === '' ? undefined : { key: keyMarker, versionId: versionMarker };
  const start = startingPoint(listing.prefix, keyMarker);
  const keys = index.from(start.key, start.inclusive || marker !== undefined);
  const page = paginate(versionsFrom(keys, marker), { ...listing, after: keyMarker });
  const next = page.truncated ? page.last : undefined;
  const document = xmlDocument('ListVersionsResult', [
    ['Name', bucketName],
    ['Prefix', encode(listing.prefix)],
    ['KeyMarker', encode(keyMarker)],
    ['VersionIdMarker', versionMarker],
    ['NextKeyMarker', next === undefined ? undefined : encode(next.key)],
    ['NextVersionIdMarker', next?.value?.version.versionId],
    ['Delimiter', listing.delimiter === '' ? undefined : encode(listing.delimiter)],
    ['MaxKeys', listing.limit],
    ['EncodingType', listing.encodingType],
    ['IsTruncated', page.truncated],
    ...page.entries.map(
      ({ key, value: { version, isLatest } }) =>
        [
          version.object === undefined ? 'DeleteMarker' : 'Version',
          [
            ['Key', encode(key)],
            ['VersionId', version.versionId],
            ['IsLatest', isLatest],
            ...objectElements(version),
            ['Owner', OWNER],
          ],
        ] as const,
    ),
    ...commonPrefixElements(page.commonPrefixes, encode),
  ]);
  return Promise.resolve(xmlReply(document));
};
