import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Bucket } from './bucket.ts';
import { durableFs } from './durable-fs.ts';
import type { DurableFs } from './durable-fs.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { S3Error } from './s3-error.ts';

/** Lower-case letters, digits, dots and hyphens, 3 to 63 of them, no neighbouring dots: safe as a directory name too. */
const BUCKET_NAME = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** All buckets under one data directory. One process at a time may open it. */
export class Storage {
  readonly #directory: string;
  readonly #temporaryDirectory: string;
  readonly #files: DurableFs;
  readonly #mutex = new KeyedMutex();
  readonly #buckets = new Map<string, Bucket>();

  private constructor(dataDir: string, fsync: boolean) {
    this.#directory = join(dataDir, 'buckets');
    this.#temporaryDirectory = join(dataDir, 'tmp');
    this.#files = durableFs({ temporaryDirectory: this.#temporaryDirectory, fsync });
  }

  static async open(dataDir: string, fsync: boolean): Promise<Storage> {
    const storage = new Storage(dataDir, fsync);
    await rm(storage.#temporaryDirectory, { recursive: true, force: true });
    await mkdir(storage.#temporaryDirectory, { recursive: true });
    await mkdir(storage.#directory, { recursive: true });
    for (const name of await readdir(storage.#directory)) {
      const directory = join(storage.#directory, name);
      const bucket = await Bucket.open(directory, storage.#temporaryDirectory, storage.#files);
      // Without its bucket.json a directory is a creation or a removal that a crash cut short.
      if (bucket === undefined) await rm(directory, { recursive: true, force: true });
      else storage.#buckets.set(name, bucket);
    }
    return storage;
  }

  buckets(): Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => (a.info.name < b.info.name ? -1 : 1));
  }

  find(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  /** @throws S3Error `NoSuchBucket`. */
  get(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Error('NoSuchBucket', { elements: { BucketName: name } });
    return bucket;
  }

  /** @throws S3Error `InvalidBucketName`; `BucketAlreadyOwnedByYou`. */
  async create(name: string, createdMs: number): Promise<Bucket> {
    if (!BUCKET_NAME.test(name)) throw new S3Error('InvalidBucketName', { elements: { BucketName: name } });
    return this.#mutex.run(name, async () => {
      if (this.#buckets.has(name)) throw new S3Error('BucketAlreadyOwnedByYou', { elements: { BucketName: name } });
      const info = { name, createdMs, versioning: 'off' as const };
      const bucket = await Bucket.create(join(this.#directory, name), this.#temporaryDirectory, this.#files, info);
      this.#buckets.set(name, bucket);
      return bucket;
    });
  }

  /** @throws S3Error `NoSuchBucket`, `BucketNotEmpty`. */
  async remove(name: string): Promise<void> {
    await this.#mutex.run(name, async () => {
      await this.get(name).remove();
      this.#buckets.delete(name);
    });
  }

  get openUploads(): number {
    return this.buckets().reduce((sum, bucket) => sum + bucket.uploads.openCount, 0);
  }
}
