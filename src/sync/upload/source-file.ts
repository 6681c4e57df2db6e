import { createHash } from 'node:crypto';
import { startChecksum } from '../../core/checksum.ts';
import type { Fingerprint } from '../../core/fingerprint.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import { partCount, plannedPart } from '../../core/part-plan.ts';
import type { Checksum, ChecksumAlgorithm, LocalFiles, OpenFile } from '../../core/ports.ts';

/** Steps in which a file is read for hashing (ENVIRONMENT: 1 MiB is where hashing peaks). */
const READ_STEP_BYTES = 1024 * 1024;

/** The local file of an upload, held open, that refuses to be anything but the state it was queued in (P3). */
export class SourceFile {
  readonly #files: LocalFiles;
  readonly #path: string;
  readonly #file: OpenFile;
  readonly #fingerprint: Fingerprint;
  readonly sizeBytes: number;

  private constructor(files: LocalFiles, path: string, file: OpenFile, fingerprint: Fingerprint, sizeBytes: number) {
    this.#files = files;
    this.#path = path;
    this.#file = file;
    this.#fingerprint = fingerprint;
    this.sizeBytes = sizeBytes;
  }

  /** Errors: `local.*`; `local.changed` when the file is no longer in the state of `fingerprint`. */
  static async open(files: LocalFiles, path: string, fingerprint: Fingerprint, sizeBytes: number): Promise<SourceFile> {
    const file = await files.open(path);
    const source = new SourceFile(files, path, file, fingerprint, sizeBytes);
    try {
      await source.checkUnchanged();
      return source;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The open file is still as it was queued. Cheap: before and after each read. */
  async checkUnchanged(): Promise<void> {
    const stat = await this.#file.stat();
    if (stat.fingerprint !== this.#fingerprint) throw new LongshoreError('local.changed', { subject: this.#path });
  }

  /** And its path still leads to it: the last look before the object becomes visible. */
  async checkInPlace(): Promise<void> {
    await this.checkUnchanged();
    const stat = await this.#files.stat(this.#path);
    if (stat === null) throw new LongshoreError('local.vanished', { subject: this.#path });
    if (stat.fingerprint !== this.#fingerprint) throw new LongshoreError('local.changed', { subject: this.#path });
  }

  /** Fills `into` from `offset`; a short file is a changed file. */
  async read(into: Uint8Array, offset: number): Promise<void> {
    const count = await this.#file.read(into, offset);
    await this.checkUnchanged();
    if (count !== into.byteLength) throw new LongshoreError('local.changed', { subject: this.#path });
  }

  /** Full-object checksum. Reads the whole file in steps. */
  async checksum(algorithm: ChecksumAlgorithm, signal: AbortSignal): Promise<Checksum> {
    const running = startChecksum(algorithm);
    await this.#forEachStep(0, this.sizeBytes, signal, (step) => {
      running.update(step);
    });
    return await running.finish();
  }

  /** The ETag that S3 gives an unencrypted object: the MD5; of a multipart upload the MD5 of the parts' MD5s and their number. */
  async md5ETag(partSizeBytes: number | null, signal: AbortSignal): Promise<string> {
    if (partSizeBytes === null) return (await this.#md5(0, this.sizeBytes, signal)).toString('hex');
    const parts = createHash('md5');
    const count = partCount(this.sizeBytes, partSizeBytes);
    for (let number = 1; number <= count; number += 1) {
      const part = plannedPart(this.sizeBytes, partSizeBytes, number);
      parts.update(await this.#md5(part.offset, part.sizeBytes, signal));
    }
    return `${parts.digest('hex')}-${count}`;
  }

  async #md5(offset: number, sizeBytes: number, signal: AbortSignal): Promise<Buffer> {
    const hash = createHash('md5');
    await this.#forEachStep(offset, sizeBytes, signal, (step) => hash.update(step));
    return hash.digest();
  }

  async #forEachStep(
    offset: number,
    sizeBytes: number,
    signal: AbortSignal,
    take: (step: Uint8Array) => void,
  ): Promise<void> {
    const buffer = new Uint8Array(Math.min(READ_STEP_BYTES, sizeBytes));
    for (let done = 0; done < sizeBytes; done += buffer.byteLength) {
      signal.throwIfAborted();
      const step = buffer.subarray(0, Math.min(buffer.byteLength, sizeBytes - done));
      await this.read(step, offset + done);
      take(step);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
