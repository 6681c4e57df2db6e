import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  NoSuchKey,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3';
import type { S3Endpoint } from './s3-servers.ts';

export interface FetchedObject {
  readonly body: Buffer;
  readonly etag: string;
  readonly contentType: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** All that a bucket with versioning knows of one key. */
export interface ObjectPast {
  /** SHA-256 of the bytes of each version, oldest first. */
  readonly versions: readonly string[];
  /** Delete markers. */
  readonly deletes: number;
  /** The newest is a delete marker. */
  readonly isGone: boolean;
}

let made = 0;

/** Small objects by which an engine finds out what the service can do; it takes them away by itself. */
export function isProbe(key: string): boolean {
  return /(^|\/)\.longshore\/probe-/.test(key);
}

/** A bucket as another program sees it, through the AWS SDK: what a test believes of the storage comes from here. */
export class TestBucket {
  readonly server: S3Endpoint;
  readonly name: string;
  readonly #client: S3Client;

  constructor(server: S3Endpoint, name: string) {
    this.server = server;
    this.name = name;
    const { endpoint, region, credentials } = server;
    // A copy: the SDK writes notes of its own into the object that it is given.
    this.#client = new S3Client({
      endpoint,
      region,
      credentials: { ...credentials },
      forcePathStyle: true,
      // Moto reports a CRC of another kind for multipart objects; tests compare bytes.
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** A new bucket of its own for one test. */
  static async create(server: S3Endpoint): Promise<TestBucket> {
    made += 1;
    const bucket = new TestBucket(server, `test-${process.pid}-${made}`);
    await bucket.make();
    return bucket;
  }

  async make(): Promise<void> {
    await this.#client.send(new CreateBucketCommand({ Bucket: this.name }));
  }

  /** Null when there is no such object. */
  async get(key: string): Promise<FetchedObject | null> {
    try {
      const reply = await this.#client.send(new GetObjectCommand({ Bucket: this.name, Key: key }));
      const bytes = await reply.Body?.transformToByteArray();
      return {
        body: Buffer.from(bytes ?? []),
        etag: (reply.ETag ?? '').replaceAll('"', ''),
        contentType: reply.ContentType,
        metadata: reply.Metadata ?? {},
      };
    } catch (error) {
      if (error instanceof NoSuchKey) return null;
      throw error;
    }
  }

  async text(key: string): Promise<string | null> {
    return (await this.get(key))?.body.toString('utf8') ?? null;
  }

  /** Writes as another hand would; returns the ETag without quotes. */
  async put(key: string, body: string | Uint8Array, metadata: Readonly<Record<string, string>> = {}): Promise<string> {
    const object = { Bucket: this.name, Key: key, Body: body, Metadata: { ...metadata } };
    const reply = await this.#client.send(new PutObjectCommand(object));
    return (reply.ETag ?? '').replaceAll('"', '');
  }

  async remove(key: string): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.name, Key: key }));
  }

  /** The keys of users' objects, sorted. */
  async keys(): Promise<string[]> {
    return (await this.allKeys()).filter((key) => !isProbe(key));
  }

  /** All keys, sorted: also those with which Longshore finds out what the service can do. */
  async allKeys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const page of paginateListObjectsV2({ client: this.#client }, { Bucket: this.name })) {
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
    }
    return keys.sort();
  }

  /** Multipart uploads of users' objects that are neither completed nor aborted: key and id. */
  async openUploads(): Promise<{ readonly key: string; readonly id: string }[]> {
    return (await this.allOpenUploads()).filter(({ key }) => !isProbe(key));
  }

  async allOpenUploads(): Promise<{ readonly key: string; readonly id: string }[]> {
    const reply = await this.#client.send(new ListMultipartUploadsCommand({ Bucket: this.name }));
    if (reply.IsTruncated === true) throw new Error('more open uploads than one page');
    return (reply.Uploads ?? []).map(({ Key, UploadId }) => ({ key: Key ?? '', id: UploadId ?? '' }));
  }

  async enableVersioning(): Promise<void> {
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await this.#client.send(new PutBucketVersioningCommand({ Bucket: this.name, VersioningConfiguration }));
  }

  /** Every state that ever was visible, per key, oldest first: the SHA-256 of its bytes. Delete markers are refused. */
  async history(): Promise<Map<string, string[]>> {
    const past = await this.past();
    if ([...past.values()].some(({ deletes }) => deletes > 0)) throw new Error('something was deleted');
    return new Map([...past].map(([key, { versions }]) => [key, [...versions]]));
  }

  /** What a bucket with versioning has kept of each key. */
  async past(): Promise<Map<string, ObjectPast>> {
    const past = new Map<string, { versions: string[]; deletes: number; isGone: boolean }>();
    const of = (key: string) => {
      const known = past.get(key) ?? { versions: [], deletes: 0, isGone: false };
      past.set(key, known);
      return known;
    };
    let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | null = {};
    while (next !== null) {
      const page: ListObjectVersionsCommandOutput = await this.#client.send(
        new ListObjectVersionsCommand({ Bucket: this.name, ...next }),
      );
      for (const { Key = '', IsLatest } of page.DeleteMarkers ?? []) {
        if (isProbe(Key)) continue;
        const known = of(Key);
        known.deletes += 1;
        known.isGone ||= IsLatest === true;
      }
      for (const { Key = '', VersionId } of page.Versions ?? []) {
        if (isProbe(Key)) continue;
        const reply = await this.#client.send(new GetObjectCommand({ Bucket: this.name, Key, VersionId }));
        const bytes = (await reply.Body?.transformToByteArray()) ?? new Uint8Array();
        // Listed newest first.
        of(Key).versions.unshift(sha256(bytes));
      }
      next =
        page.IsTruncated === true ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : null;
    }
    return past;
  }

  async abort({ key, id }: { readonly key: string; readonly id: string }): Promise<void> {
    await this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.name, Key: key, UploadId: id }));
  }

  close(): void {
    this.#client.destroy();
  }
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
