import type { IncomingHttpHeaders } from 'node:http';
import { checksumHeader } from './checksums.ts';
import type { StoredChecksum } from './checksums.ts';
import type { ObjectHeaders, ObjectVersion } from './key-record.ts';
import { NULL_VERSION } from './key-record.ts';
import { header, quoted } from './operation.ts';
import { S3Error } from './s3-error.ts';

const SYSTEM_HEADERS = ['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'expires'];
const METADATA_LIMIT_BYTES = 2048;

/** Asks that change how an object is kept. Ignoring one would be a lie, so each is refused. */
const UNSUPPORTED = [
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-legal-hold',
  'x-amz-tagging',
  'x-amz-website-redirect-location',
  'x-amz-write-offset-bytes',
];

/** aws-chunked is a transport form, not an encoding of the object. */
function contentEncoding(value: string): string {
  return value
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== 'aws-chunked')
    .join(',');
}

/** Reads what is to be stored with an object. @throws S3Error `MetadataTooLarge`, `NotImplemented`. */
export function readObjectHeaders(headers: IncomingHttpHeaders): ObjectHeaders {
  const unsupported = UNSUPPORTED.find((name) => headers[name] !== undefined);
  if (unsupported !== undefined) throw new S3Error('NotImplemented', { elements: { Header: unsupported } });
  const system: Record<string, string> = {
    'content-type': header(headers, 'content-type') || 'binary/octet-stream',
  };
  for (const name of SYSTEM_HEADERS) {
    const given = header(headers, name);
    const value = name === 'content-encoding' && given !== undefined ? contentEncoding(given) : given;
    if (value !== undefined && value !== '') system[name] = value;
  }
  const metadata: Record<string, string> = {};
  let sizeBytes = 0;
  for (const name of Object.keys(headers)) {
    if (!name.startsWith('x-amz-meta-')) continue;
    const value = header(headers, name) ?? '';
    metadata[name] = value;
    sizeBytes += name.length - 'x-amz-meta-'.length + value.length;
  }
  if (sizeBytes > METADATA_LIMIT_BYTES) {
    throw new S3Error('MetadataTooLarge', {
      elements: { Size: String(sizeBytes), MaxSizeAllowed: String(METADATA_LIMIT_BYTES) },
    });
  }
  return { system, metadata };
}

/** `x-amz-version-id`, only where the bucket has versions. */
export function versionHeaders(versionId: string, versioned: boolean): Record<string, string> {
  return versioned || versionId !== NULL_VERSION ? { 'x-amz-version-id': versionId } : {};
}

export function checksumHeaders(checksum: StoredChecksum | undefined): Record<string, string> {
  if (checksum === undefined) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** What GET and HEAD say of an object, length and range apart. */
export function describeObject(version: ObjectVersion, versioned: boolean): Record<string, string> {
  return {
    ...version.system,
    ...version.metadata,
    etag: quoted(version.etag),
    'last-modified': new Date(version.lastModifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
    ...versionHeaders(version.versionId, versioned),
  };
}
