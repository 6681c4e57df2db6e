import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobStore } from './blob-store.ts';
import type { DurableFs } from './durable-fs.ts';
import { KeyIndex } from './key-index.ts';
import { blobsOf } from './key-record.ts';
import type { KeyRecord, Versioning } from './key-record.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { MultipartStore } from './multipart-store.ts';
import { S3Error } from './s3-error.ts';

export interface BucketInfo {
  readonly name: string;
  readonly createdMs: number;
  readonly versioning: Versioning;
}

/** Reads JSON that this program wrote; undefined where the file is not there. */
async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** One bucket on disk: `bucket.json`, `objects/` (a record per key), `blobs/`, `uploads/`. */
export class Bucket {
  readonly directory: string;
  readonly blobs: BlobStore;
  readonly index = new KeyIndex();
  readonly uploads: MultipartStore;
  readonly #files: DurableFs;
  readonly #mutex = new KeyedMutex();
  #info: BucketInfo;
  #removed = false;

  private constructor(directory: string, temporaryDirectory: string, files: DurableFs, info: BucketInfo) {
    this.directory = directory;
    this.#files = files;
    this.#info = info;
    this.blobs = new BlobStore(join(directory, 'blobs'), temporaryDirectory, files);
    this.uploads = new MultipartStore(join(directory, 'uploads'), files, this.blobs);
  }

  static async create(
    directory: string,
    temporaryDirectory: string,
    files: DurableFs,
    info: BucketInfo,
  ): Promise<Bucket> {
    const bucket = new Bucket(directory, temporaryDirectory, files, info);
    await bucket.#saveInfo(info);
    return bucket;
  }

  /** Reads what a previous run left, and sweeps what a crash did. Undefined when the bucket was never finished. */
  static async open(directory: string, temporaryDirectory: string, files: DurableFs): Promise<Bucket | undefined> {
    const info = await readJson<BucketInfo>(join(directory, 'bucket.json'));
    if (info === undefined) return undefined;
    const bucket = new Bucket(directory, temporaryDirectory, files, info);
    await bucket.#load();
    return bucket;
  }

  get info(): BucketInfo {
    return this.#info;
  }

  async #load(): Promise<void> {
    const objects = join(this.directory, 'objects');
    const records: KeyRecord[] = [];
    for (const shard of await readdir(objects).catch(() => [])) {
      const names = await readdir(join(objects, shard));
      const found = await Promise.all(names.map((name) => readJson<KeyRecord>(join(objects, shard, name))));
      records.push(...found.filter((record) => record !== undefined));
    }
    this.index.load(records);
    const completed = new Set<string>();
    for (const version of records.flatMap((record) => record.versions)) {
      if (version.kind === 'object' && version.uploadId !== undefined) completed.add(version.uploadId);
    }
    await this.uploads.load(completed);
    await this.blobs.sweep(new Set([...records.flatMap(blobsOf), ...this.uploads.blobs()]));
  }

  async #saveInfo(info: BucketInfo): Promise<void> {
    await this.#files.ensureDirectory(this.directory);
    await this.#files.writeFileAtomic(join(this.directory, 'bucket.json'), JSON.stringify(info));
    this.#info = info;
  }

  async setVersioning(versioning: 'Enabled' | 'Suspended'): Promise<void> {
    await this.#saveInfo({ ...this.#info, versioning });
  }

  /** Key names never become file names: any key works, and none can leave the directory. */
  #recordPath(key: string): string {
    const name = createHash('sha256').update(key).digest('hex');
    return join(this.directory, 'objects', name.slice(0, 2), `${name}.json`);
  }

  /**
   * Looks at what stands under `key` while no writer can replace it: blobs must be held within `look`, for afterwards
   * they may go at any time.
   */
  async inspect<T>(key: string, look: (record: KeyRecord | undefined) => T): Promise<T> {
    return this.#mutex.run(key, async () => look(await this.#read(key)));
  }

  #read(key: string): Promise<KeyRecord | undefined> {
    return readJson<KeyRecord>(this.#recordPath(key));
  }

  /**
   * Changes what stands under `key`, one writer at a time. `change` sees the record as it is and returns the new one
   * (undefined removes it); when it throws, nothing has changed. Durable when this returns.
   */
  async update<T>(
    key: string,
    change: (record: KeyRecord | undefined) => { readonly record: KeyRecord | undefined; readonly result: T },
  ): Promise<T> {
    return this.#mutex.run(key, async () => {
      if (this.#removed) throw new S3Error('NoSuchBucket');
      const before = await this.#read(key);
      const { record, result } = change(before);
      if (record === before) return result;
      if (record === undefined) {
        await this.#files.removeFile(this.#recordPath(key));
        this.index.remove(key);
      } else {
        await this.#files.writeFileAtomic(this.#recordPath(key), JSON.stringify(record));
        this.index.put(record);
      }
      const kept = new Set(blobsOf(record));
      await this.blobs.remove(blobsOf(before).filter((blob) => !kept.has(blob)));
      return result;
    });
  }

  /** @throws S3Error `BucketNotEmpty`. Open uploads go with the bucket, as on S3. */
  async remove(): Promise<void> {
    if (this.index.size > 0) throw new S3Error('BucketNotEmpty', { elements: { BucketName: this.#info.name } });
    this.#removed = true;
    await this.#files.removeFile(join(this.directory, 'bucket.json'));
    await this.#files.removeDirectory(this.directory);
  }
}
