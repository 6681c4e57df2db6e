import { createHash } from 'node:crypto';
import { checksumOf } from '../../src/core/checksum.ts';
import { LongshoreError } from '../../src/core/longshore-error.ts';
import type {
  Checksum,
  ChecksumAlgorithm,
  ListedPart,
  ListedUpload,
  ObjectAttributes,
  RemoteObject,
  WriteCondition,
  WriteReply,
} from '../../src/core/ports.ts';
import { hashOf } from './sim-disk.ts';

export type Writer = 'ours' | 'other';

/** Something that stood at a key, or that nothing stood there (`bytes` null). */
export interface Version {
  readonly key: string;
  readonly bytes: Uint8Array | null;
  readonly hash: string;
  readonly etag: string;
  readonly checksums: readonly Checksum[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly atMs: number;
  readonly writer: Writer;
  /** The multipart upload that it came from. */
  readonly uploadId: string | null;
}

export interface SimPart {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly checksum: Checksum;
}

export interface SimUpload {
  readonly id: string;
  readonly object: ObjectAttributes;
  readonly algorithm: ChecksumAlgorithm;
  readonly initiatedMs: number;
  readonly writer: Writer;
  readonly parts: Map<number, SimPart>;
  /** An answer said that only a fresh upload helps. */
  mayRestart: boolean;
  state: 'open' | 'completed' | 'aborted' | 'expired';
  reply: WriteReply | null;
}

/** In what services differ, fixed for a run. */
export interface Dialect {
  readonly repeatedComplete: 'same' | 'gone';
  /** False: the service keeps no checksum of its own and reports none; ETags are all there is. */
  readonly reportsChecksums: boolean;
  /** False: ETags are opaque, as with KMS encryption. */
  readonly etagIsMd5: boolean;
}

export interface BucketWatcher {
  /** A version became visible in place of another. */
  visible(version: Version, replaced: Version | null): void;
}

/** A bucket as S3 has it: conditional writes, ETags, full-object checksums, multipart, listings. Each method is atomic. */
export class Bucket {
  readonly uploads = new Map<string, SimUpload>();
  readonly history = new Map<string, Version[]>();
  readonly #now: () => number;
  readonly #dialect: Dialect;
  readonly #watchers: BucketWatcher[] = [];
  readonly #name: string;
  #nextUpload = 1;
  #writes = 0;

  constructor(name: string, now: () => number, dialect: Dialect) {
    this.#name = name;
    this.#now = now;
    this.#dialect = dialect;
  }

  watch(watcher: BucketWatcher): void {
    this.#watchers.push(watcher);
  }

  current(key: string): Version | null {
    const last = this.history.get(key)?.at(-1);
    return last === undefined || last.bytes === null ? null : last;
  }

  keys(): string[] {
    return [...this.history.keys()].filter((key) => this.current(key) !== null);
  }

  head(key: string): RemoteObject | null {
    const version = this.current(key);
    if (version === null || version.bytes === null) return null;
    return {
      etag: version.etag,
      versionId: null,
      sizeBytes: version.bytes.byteLength,
      lastModified: version.atMs,
      metadata: version.metadata,
      checksums: this.#dialect.reportsChecksums ? version.checksums : [],
      compositeChecksums: [],
      etagIsMd5: this.#dialect.etagIsMd5,
    };
  }

  async put(
    object: ObjectAttributes,
    body: Uint8Array,
    checksum: Checksum,
    condition: WriteCondition | null,
    writer: Writer,
  ): Promise<WriteReply> {
    const bytes = Uint8Array.from(body);
    await this.#verify(bytes, checksum, object.key);
    this.#check(object.key, condition);
    return this.#reply(this.#show(object, bytes, hashOf(bytes), checksum, writer, null));
  }

  createUpload(object: ObjectAttributes, algorithm: ChecksumAlgorithm, writer: Writer): { uploadId: string } {
    const id = `${this.#name}-upload-${this.#nextUpload}`;
    this.#nextUpload += 1;
    const upload: SimUpload = {
      id,
      object,
      algorithm,
      initiatedMs: this.#now(),
      writer,
      parts: new Map(),
      mayRestart: false,
      state: 'open',
      reply: null,
    };
    this.uploads.set(id, upload);
    return { uploadId: id };
  }

  async uploadPart(key: string, id: string, number: number, body: Uint8Array, checksum: Checksum): Promise<SimPart> {
    const bytes = Uint8Array.from(body);
    await this.#verify(bytes, checksum, key);
    const part: SimPart = { bytes, etag: hashOf(bytes), checksum };
    this.#open(key, id).parts.set(number, part);
    return part;
  }

  listParts(key: string, id: string): ListedPart[] {
    return [...this.#open(key, id).parts]
      .sort(([a], [b]) => a - b)
      .map(([number, { bytes, etag, checksum }]) => ({
        number,
        sizeBytes: bytes.byteLength,
        etag,
        checksum: this.#dialect.reportsChecksums ? checksum : null,
      }));
  }

  async completeUpload(
    key: string,
    id: string,
    list: readonly { readonly number: number; readonly etag: string }[],
    checksum: Checksum,
    condition: WriteCondition,
  ): Promise<WriteReply> {
    const closed = this.uploads.get(id);
    if (closed?.state === 'completed' && closed.reply !== null && this.#dialect.repeatedComplete === 'same') {
      return closed.reply;
    }
    const upload = this.#open(key, id);
    const parts = list.map(({ number, etag }) => {
      const part = upload.parts.get(number);
      if (part?.etag !== etag) throw refusal('s3.no-such-upload', 400, key, 'InvalidPart');
      return part;
    });
    const bytes = Buffer.concat(parts.map((part) => part.bytes));
    await this.#verify(bytes, checksum, key);
    this.#check(key, condition);
    const md5s = createHash('md5');
    for (const part of parts) md5s.update(Buffer.from(part.etag, 'hex'));
    const etag = `${md5s.digest('hex')}-${parts.length}`;
    upload.state = 'completed';
    upload.reply = this.#reply(this.#show(upload.object, Uint8Array.from(bytes), etag, checksum, upload.writer, id));
    return upload.reply;
  }

  abortUpload(id: string): void {
    const upload = this.uploads.get(id);
    if (upload?.state === 'open') upload.state = 'aborted';
  }

  listUploads(prefix: string): ListedUpload[] {
    return [...this.uploads.values()]
      .filter((upload) => upload.state === 'open' && upload.object.key.startsWith(prefix))
      .map(({ id, object, initiatedMs }) => ({ key: object.key, uploadId: id, initiated: initiatedMs }));
  }

  /** A lifecycle rule of the bucket throws an upload away. */
  expire(id: string): void {
    const upload = this.uploads.get(id);
    if (upload?.state === 'open') upload.state = 'expired';
  }

  /** Another hand writes, in one instant and without a condition. */
  putAsOther(object: ObjectAttributes, bytes: Uint8Array, checksum: Checksum): void {
    this.#show(object, bytes, hashOf(bytes), checksum, 'other', null);
  }

  /** Another hand deletes what is there. */
  remove(key: string): void {
    const before = this.current(key);
    if (before === null) return;
    const gone: Version = {
      ...before,
      bytes: null,
      hash: '',
      etag: '',
      writer: 'other',
      atMs: this.#now(),
      uploadId: null,
    };
    this.#append(gone, before);
  }

  /** Another hand brings an older version back, with its metadata: what a console's "restore" does. */
  restore(version: Version): void {
    if (version.bytes === null) return;
    this.#append({ ...version, writer: 'other', atMs: this.#now(), uploadId: null }, this.current(version.key));
  }

  #open(key: string, id: string): SimUpload {
    const upload = this.uploads.get(id);
    if (upload === undefined || upload.state !== 'open' || upload.object.key !== key) {
      throw refusal('s3.no-such-upload', 404, key, 'NoSuchUpload');
    }
    return upload;
  }

  async #verify(bytes: Uint8Array, checksum: Checksum, key: string): Promise<void> {
    const actual = await checksumOf(checksum.algorithm, bytes);
    if (actual.value !== checksum.value) throw refusal('s3.checksum-mismatch', 400, key, 'BadDigest');
  }

  #check(key: string, condition: WriteCondition | null): void {
    if (condition === null) return;
    const current = this.current(key);
    if (condition.kind === 'create') {
      if (current !== null) throw refusal('conflict.exists', 412, key, 'PreconditionFailed');
    } else if (current === null) {
      throw refusal('conflict.deleted', 404, key, 'NoSuchKey');
    } else if (current.etag !== condition.etag) {
      throw refusal('conflict.changed', 412, key, 'PreconditionFailed');
    }
  }

  #show(
    object: ObjectAttributes,
    bytes: Uint8Array,
    md5: string,
    checksum: Checksum,
    writer: Writer,
    uploadId: string | null,
  ): Version {
    this.#writes += 1;
    const etag = this.#dialect.etagIsMd5 ? md5 : hashOf(Buffer.from(`${md5} ${this.#writes}`));
    const version: Version = {
      key: object.key,
      bytes,
      hash: hashOf(bytes),
      etag,
      checksums: [checksum],
      metadata: object.metadata,
      contentType: object.contentType,
      atMs: this.#now(),
      writer,
      uploadId,
    };
    this.#append(version, this.current(object.key));
    return version;
  }

  #append(version: Version, replaced: Version | null): void {
    const versions = this.history.get(version.key) ?? [];
    versions.push(version);
    this.history.set(version.key, versions);
    for (const watcher of this.#watchers) watcher.visible(version, replaced);
  }

  #reply(version: Version): WriteReply {
    return {
      etag: version.etag,
      versionId: null,
      checksums: this.#dialect.reportsChecksums ? version.checksums : [],
      etagIsMd5: this.#dialect.etagIsMd5,
    };
  }
}

/** What an adapter makes of a refusal: a reply came, and nothing was done. */
export function refusal(
  code: LongshoreError['code'],
  status: number,
  subject: string,
  serviceCode: string,
): LongshoreError {
  return new LongshoreError(code, { status, sent: false, subject, serviceCode });
}
