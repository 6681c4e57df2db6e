import { LongshoreError } from '../../core/longshore-error.ts';
import type { Checksum, ChecksumAlgorithm, PartialFile } from '../../core/ports.ts';
import { contentChecksum, contentMd5ETag, type Content } from '../upload/content-hash.ts';

/** What a download has brought so far, to be compared with what the storage says of it. */
export class DownloadedContent implements Content {
  readonly #file: Pick<PartialFile, 'read'>;
  readonly sizeBytes: number;

  constructor(file: Pick<PartialFile, 'read'>, sizeBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  async read(into: Uint8Array, offset: number): Promise<void> {
    const count = await this.#file.read(into, offset);
    if (count !== into.byteLength) throw new LongshoreError('local.io', { detail: 'the file on its way is too short' });
  }

  checksum(algorithm: ChecksumAlgorithm, signal: AbortSignal): Promise<Checksum> {
    return contentChecksum(this, algorithm, signal);
  }

  md5ETag(partSizeBytes: number | null, signal: AbortSignal): Promise<string> {
    return contentMd5ETag(this, partSizeBytes, signal);
  }
}
