import { compareKeys } from './key-order.ts';
import { queryInteger } from './operation.ts';
import { S3Error } from './s3-error.ts';
import { encodeRfc3986 } from './sigv4.ts';
import type { XmlElements } from './xml.ts';

const PAGE_LIMIT = 1000;

/** What all listings take. */
export interface ListingQuery {
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
  readonly encodingType: string | undefined;
  /** Encodes a key the way the client asked for. */
  readonly encode: (key: string) => string;
}

/** @param limitName `max-keys`, `max-uploads`; above 1,000 counts as 1,000. */
export function readListingQuery(query: URLSearchParams, limitName: string): ListingQuery {
  const encodingType = query.get('encoding-type') ?? undefined;
  if (encodingType !== undefined && encodingType !== 'url') {
    throw new S3Error('InvalidArgument', { message: 'Invalid Encoding Method specified in Request' });
  }
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    limit: Math.min(queryInteger(query, limitName, [0, 2_147_483_647]) ?? PAGE_LIMIT, PAGE_LIMIT),
    encodingType,
    encode: encodingType === 'url' ? (key) => encodeRfc3986(key).replaceAll('%2F', '/') : (key) => key,
  };
}

export function commonPrefixElements(prefixes: readonly string[], encode: (key: string) => string): XmlElements {
  return prefixes.map((prefix) => ['CommonPrefixes', [['Prefix', encode(prefix)]]] as const);
}

/** Where to begin in the order of keys: behind the marker, or at the prefix when that comes later. */
export function startingPoint(prefix: string, after: string): { key: string; inclusive: boolean } {
  return compareKeys(after, prefix) < 0 ? { key: prefix, inclusive: true } : { key: after, inclusive: false };
}
