import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from './blob-store.ts';
import type { ChecksumAlgorithm, ChecksumType } from './checksums.ts';
import type { DurableFs } from './durable-fs.ts';
import type { ObjectHeaders } from './key-record.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { S3Error } from './s3-error.ts';

/** What Create settled. */
export interface UploadRecord extends ObjectHeaders {
  readonly uploadId: string;
  readonly key: string;
  readonly initiatedMs: number;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType };
}

export interface PartRecord {
  readonly partNumber: number;
  readonly sizeBytes: number;
  /** Hex MD5, without quotes. */
  readonly etag: string;
  readonly blob: string;
  readonly lastModifiedMs: number;
  /** Base64, of the upload's algorithm, or of the part's own where the upload named none. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}

/** Ids sort by time, so that paging by the last id seen holds even when that upload is gone meanwhile. */
function newUploadId(initiatedMs: number): string {
  return `${initiatedMs.toString(16).padStart(12, '0')}${randomBytes(24).toString('hex')}`;
}

interface OpenUpload {
  readonly record: UploadRecord;
  readonly parts: Map<number, PartRecord>;
}

/** The open multipart uploads of one bucket: `uploads/<id>/upload.json` and a file per part, mirrored in memory. */
export class MultipartStore {
  readonly #directory: string;
  readonly #files: DurableFs;
  readonly #blobs: BlobStore;
  readonly #open = new Map<string, OpenUpload>();
  readonly #mutex = new KeyedMutex();

  constructor(directory: string, files: DurableFs, blobs: BlobStore) {
    this.#directory = directory;
    this.#files = files;
    this.#blobs = blobs;
  }

  /** @param completed ids whose object is already committed: a crash came before their directory went. */
  async load(completed: ReadonlySet<string>): Promise<void> {
    for (const uploadId of await readdir(this.#directory).catch(() => [])) {
      const directory = join(this.#directory, uploadId);
      const names = completed.has(uploadId) ? [] : await readdir(directory);
      if (!names.includes('upload.json')) {
        await rm(directory, { recursive: true, force: true });
        continue;
      }
      const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(directory, name), 'utf8'));
      const record = (await read('upload.json')) as UploadRecord;
      const parts = new Map<number, PartRecord>();
      for (const name of names.filter((name) => name.startsWith('part-'))) {
        const part = (await read(name)) as PartRecord;
        parts.set(part.partNumber, part);
      }
      this.#open.set(uploadId, { record, parts });
    }
  }

  /** Every blob that an open upload names. */
  blobs(): string[] {
    return [...this.#open.values()].flatMap(({ parts }) => [...parts.values()].map((part) => part.blob));
  }

  get openCount(): number {
    return this.#open.size;
  }

  list(): UploadRecord[] {
    return [...this.#open.values()].map(({ record }) => record);
  }

  async create(upload: Omit<UploadRecord, 'uploadId'>): Promise<UploadRecord> {
    const record: UploadRecord = { ...upload, uploadId: newUploadId(upload.initiatedMs) };
    await this.#files.writeFileAtomic(join(this.#directory, record.uploadId, 'upload.json'), JSON.stringify(record));
    this.#open.set(record.uploadId, { record, parts: new Map() });
    return record;
  }

  #find(uploadId: string, key: string): OpenUpload {
    const upload = this.#open.get(uploadId);
    if (upload === undefined || upload.record.key !== key) {
      throw new S3Error('NoSuchUpload', { elements: { UploadId: uploadId } });
    }
    return upload;
  }

  /** @throws S3Error `NoSuchUpload`. */
  get(uploadId: string, key: string): UploadRecord {
    return this.#find(uploadId, key).record;
  }

  /** In part-number order. @throws S3Error `NoSuchUpload`. */
  parts(uploadId: string, key: string): PartRecord[] {
    return [...this.#find(uploadId, key).parts.values()].sort((a, b) => a.partNumber - b.partNumber);
  }

  /** Makes a stored blob a part, replacing an earlier one of that number. @throws S3Error `NoSuchUpload`. */
  async putPart(uploadId: string, key: string, part: PartRecord): Promise<void> {
    await this.#mutex.run(uploadId, async () => {
      const { parts } = this.#find(uploadId, key);
      const name = `part-${String(part.partNumber).padStart(5, '0')}.json`;
      await this.#files.writeFileAtomic(join(this.#directory, uploadId, name), JSON.stringify(part));
      const replaced = parts.get(part.partNumber);
      parts.set(part.partNumber, part);
      if (replaced !== undefined) await this.#blobs.remove([replaced.blob]);
    });
  }

  /**
   * Ends an upload. `commit` runs while no part can change and returns the blobs that live on in the object; when it
   * throws, the upload stays as it was. @throws S3Error `NoSuchUpload`.
   */
  async end<T>(
    uploadId: string,
    key: string,
    commit: (upload: UploadRecord, parts: ReadonlyMap<number, PartRecord>) => Promise<{ kept: string[]; result: T }>,
  ): Promise<T> {
    return this.#mutex.run(uploadId, async () => {
      const { record, parts } = this.#find(uploadId, key);
      const { kept, result } = await commit(record, parts);
      this.#open.delete(uploadId);
      // Its record goes first: what a crash leaves of the rest is then no upload any more, and swept at the next start.
      await this.#files.removeFile(join(this.#directory, uploadId, 'upload.json'));
      await this.#files.removeDirectory(join(this.#directory, uploadId));
      const living = new Set(kept);
      await this.#blobs.remove([...parts.values()].map((part) => part.blob).filter((blob) => !living.has(blob)));
      return result;
    });
  }
}
