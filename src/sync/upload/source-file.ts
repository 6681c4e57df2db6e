import type { Fingerprint } from '../../core/fingerprint.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { Checksum, ChecksumAlgorithm, LocalFiles, OpenFile, WantedFile, WholeFile } from '../../core/ports.ts';
import { contentChecksum, contentMd5ETag, type Content } from './content-hash.ts';

/** The local file of an upload, open from its first use on, that refuses to be anything but the state it was queued in (P3). */
export class SourceFile implements Content {
  readonly #files: LocalFiles;
  readonly #path: string;
  readonly #fingerprint: Fingerprint;
  readonly sizeBytes: number;
  #opening: Promise<OpenFile> | null = null;

  constructor(files: LocalFiles, path: string, fingerprint: Fingerprint, sizeBytes: number) {
    this.#files = files;
    this.#path = path;
    this.#fingerprint = fingerprint;
    this.sizeBytes = sizeBytes;
  }

  /** Errors: `local.*`; `local.changed` when the file is no longer in the state of `fingerprint`. */
  static async open(files: LocalFiles, path: string, fingerprint: Fingerprint, sizeBytes: number): Promise<SourceFile> {
    const source = new SourceFile(files, path, fingerprint, sizeBytes);
    await source.#opened();
    return source;
  }

  #opened(): Promise<OpenFile> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<OpenFile> {
    const file = await this.#files.open(this.#path);
    try {
      await this.#check(file);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The open file is still as it was queued. Cheap: before and after each read. */
  async #check(file: OpenFile): Promise<void> {
    const stat = await file.stat();
    if (stat.fingerprint !== this.#fingerprint) throw new LongshoreError('local.changed', { subject: this.#path });
  }

  async checkUnchanged(): Promise<void> {
    await this.#check(await this.#opened());
  }

  /**
   * And its path still leads to it: the last look before the object becomes visible. The fingerprint names device and inode,
   * so that the look at the path is one at the open file.
   */
  async checkInPlace(): Promise<void> {
    const stat = await this.#files.stat(this.#path);
    if (stat === null) throw new LongshoreError('local.vanished', { subject: this.#path });
    if (stat.fingerprint !== this.#fingerprint) throw new LongshoreError('local.changed', { subject: this.#path });
  }

  /** Fills `into` from `offset`; a short file is a changed file. */
  async read(into: Uint8Array, offset: number): Promise<void> {
    const file = await this.#opened();
    const count = await file.read(into, offset);
    await this.checkUnchanged();
    if (count !== into.byteLength) throw new LongshoreError('local.changed', { subject: this.#path });
  }

  /** Fills `into` from the start, and sees that it is one state which stands in its place. */
  async readInPlace(into: Uint8Array): Promise<void> {
    const file = await this.#opened();
    const count = await file.read(into, 0);
    await this.checkInPlace();
    if (count !== into.byteLength) throw new LongshoreError('local.changed', { subject: this.#path });
  }

  /** All of a small file, which need not be opened before: one state, which stands in its place. */
  readWhole(algorithm: ChecksumAlgorithm, signal: AbortSignal): Promise<WholeFile> {
    return this.#files.readWhole(this.wanted(algorithm), signal);
  }

  /** For whoever reads it elsewhere. */
  wanted(algorithm: ChecksumAlgorithm): WantedFile {
    return { path: this.#path, fingerprint: this.#fingerprint, sizeBytes: this.sizeBytes, algorithm };
  }

  checksum(algorithm: ChecksumAlgorithm, signal: AbortSignal): Promise<Checksum> {
    return contentChecksum(this, algorithm, signal);
  }

  md5ETag(partSizeBytes: number | null, signal: AbortSignal): Promise<string> {
    return contentMd5ETag(this, partSizeBytes, signal);
  }

  async close(): Promise<void> {
    // What could not be opened is not open.
    const file = await this.#opening?.catch(() => null);
    await file?.close();
  }
}
