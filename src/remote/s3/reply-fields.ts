import type { ObjectFields } from './replies.ts';
import type { RawReply } from './exchange.ts';

const META = 'x-amz-meta-';

/** The headers of a reply about an object, under the names that the SDK gives them. */
export function replyFields({ headers }: Pick<RawReply, 'headers'>): ObjectFields {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(META)) metadata[name.slice(META.length)] = value;
  }
  const length = headers['content-length'];
  const modified = Date.parse(headers['last-modified'] ?? '');
  return {
    ETag: headers['etag'],
    VersionId: headers['x-amz-version-id'],
    ContentLength: length !== undefined && /^\d{1,16}$/.test(length) ? Number(length) : undefined,
    LastModified: Number.isNaN(modified) ? undefined : new Date(modified),
    Metadata: metadata,
    ChecksumCRC64NVME: headers['x-amz-checksum-crc64nvme'],
    ChecksumCRC32: headers['x-amz-checksum-crc32'],
    ChecksumType: headers['x-amz-checksum-type'],
    ServerSideEncryption: headers['x-amz-server-side-encryption'],
    SSECustomerAlgorithm: headers['x-amz-server-side-encryption-customer-algorithm'],
  };
}
