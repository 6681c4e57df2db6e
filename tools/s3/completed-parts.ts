import { createHash } from 'node:crypto';
import { CHECKSUM_ALGORITHMS, startChecksum } from './checksums.ts';
import type { StoredChecksum } from './checksums.ts';
import { combineCrcs, isCombinable } from './crc-combine.ts';
import type { PartRecord, UploadRecord } from './multipart-store.ts';
import { S3Error } from './s3-error.ts';
import { childText, parseXml } from './xml.ts';

/** A part as the Complete request names it. */
export interface NamedPart {
  readonly partNumber: number;
  /** Without quotes. */
  readonly etag: string;
  /** Base64 by algorithm, where given. */
  readonly checksums: ReadonlyMap<string, string>;
}

/** @throws S3Error `MalformedXML`, `InvalidPartOrder`. */
export function readNamedParts(xml: string): NamedPart[] {
  const root = parseXml(xml);
  const nodes = root.children.filter((child) => child.name === 'Part');
  if (root.name !== 'CompleteMultipartUpload' || nodes.length === 0) throw new S3Error('MalformedXML');
  const parts = nodes.map((node): NamedPart => {
    const partNumber = Number(childText(node, 'PartNumber') ?? NaN);
    const etag = childText(node, 'ETag');
    if (!Number.isInteger(partNumber) || etag === undefined) throw new S3Error('MalformedXML');
    const given = CHECKSUM_ALGORITHMS.map((algorithm) => [algorithm, childText(node, `Checksum${algorithm}`)] as const);
    const checksums = new Map(given.flatMap(([algorithm, value]) => (value === undefined ? [] : [[algorithm, value]])));
    return { partNumber, etag: etag.replace(/^"(.*)"$/, '$1'), checksums };
  });
  if (parts.some((part, place) => part.partNumber <= (parts[place - 1]?.partNumber ?? -Infinity))) {
    throw new S3Error('InvalidPartOrder');
  }
  return parts;
}

/** Matches the named parts with the stored ones. @throws S3Error `InvalidPart`, `EntityTooSmall`, `InvalidRequest`. */
export function matchParts(
  named: readonly NamedPart[],
  stored: ReadonlyMap<number, PartRecord>,
  upload: UploadRecord,
  minPartSizeBytes: number,
): PartRecord[] {
  const parts = named.map(({ partNumber, etag, checksums }) => {
    const part = stored.get(partNumber);
    const checksumsMatch = [...checksums].every(
      ([algorithm, value]) => part?.checksum?.algorithm === algorithm && part.checksum.value === value,
    );
    if (part === undefined || part.etag !== etag || !checksumsMatch) {
      const elements = { UploadId: upload.uploadId, PartNumber: String(partNumber), ETag: etag };
      throw new S3Error('InvalidPart', { elements });
    }
    if (upload.checksum?.type === 'COMPOSITE' && !checksums.has(upload.checksum.algorithm)) {
      throw new S3Error('InvalidRequest', {
        message: `The upload was created using a ${upload.checksum.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${partNumber} in the request.`,
      });
    }
    return part;
  });
  const small = parts.slice(0, -1).find((part) => part.sizeBytes < minPartSizeBytes);
  if (small !== undefined) {
    throw new S3Error('EntityTooSmall', {
      elements: {
        ProposedSize: String(small.sizeBytes),
        MinSizeAllowed: String(minPartSizeBytes),
        PartNumber: String(small.partNumber),
        ETag: small.etag,
      },
    });
  }
  return parts;
}

/** MD5 of the parts' MD5s, with `-N` behind it. */
export function multipartEtag(parts: readonly PartRecord[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(Buffer.from(part.etag, 'hex'));
  return `${hash.digest('hex')}-${parts.length}`;
}

/** The checksum of the whole from those of the parts; no data is read. */
export async function wholeChecksum(
  upload: UploadRecord,
  parts: readonly PartRecord[],
): Promise<StoredChecksum | undefined> {
  if (upload.checksum === undefined) return undefined;
  const { algorithm, type } = upload.checksum;
  const digests = parts.map((part) => ({
    digest: Buffer.from(part.checksum?.value ?? '', 'base64'),
    sizeBytes: part.sizeBytes,
  }));
  if (type === 'FULL_OBJECT' && isCombinable(algorithm)) {
    return { algorithm, type, value: combineCrcs(algorithm, digests).toString('base64') };
  }
  const composite = startChecksum(algorithm);
  for (const { digest } of digests) composite.update(digest);
  return { algorithm, type, value: `${(await composite.digest()).toString('base64')}-${parts.length}` };
}
