import type { Checksum, RemoteObject } from '../../core/ports.ts';
import type { SourceFile } from './source-file.ts';

export type Comparison = 'same' | 'different' | 'unknown';

/**
 * Whether a remote object holds exactly the bytes of the local file, by the strongest checksum that the service reports:
 * full-object first, else the MD5 ETag (P3). `known` are checksums of the file that are at hand; others are read for.
 * A multipart ETag is comparable only when `partSizeBytes` is that of its upload.
 */
export async function sameContent(
  remote: RemoteObject,
  file: Pick<SourceFile, 'sizeBytes' | 'checksum' | 'md5ETag'>,
  known: readonly Checksum[],
  partSizeBytes: number | null,
  signal: AbortSignal,
): Promise<Comparison> {
  if (remote.sizeBytes !== file.sizeBytes) return 'different';
  const full = remote.checksums[0];
  if (full !== undefined) {
    const ours =
      known.find((checksum) => checksum.algorithm === full.algorithm) ?? (await file.checksum(full.algorithm, signal));
    return ours.value === full.value ? 'same' : 'different';
  }
  if (!remote.etagIsMd5) return 'unknown';
  const multipart = /^[0-9a-f]{32}-\d+$/i.test(remote.etag);
  if (!multipart && !/^[0-9a-f]{32}$/i.test(remote.etag)) return 'unknown';
  if (multipart && partSizeBytes === null) return 'unknown';
  const etag = await file.md5ETag(multipart ? partSizeBytes : null, signal);
  if (etag === remote.etag.toLowerCase()) return 'same';
  // Another part size gives another ETag for the same bytes: only an upload of our own plan proves a difference.
  return multipart && !etag.endsWith(remote.etag.slice(remote.etag.indexOf('-'))) ? 'unknown' : 'different';
}
