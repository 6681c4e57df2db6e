import { createHash } from 'node:crypto';
import { checksumOf } from '../../src/core/checksum.ts';
import { LongshoreError } from '../../src/core/longshore-error.ts';
import type {
  Checksum,
  ChecksumAlgorithm,
  ListedPart,
  ListedUpload,
  ObjectAttributes,
  ObjectVersion,
  RemoteObject,
  WriteCondition,
  WriteReply,
} from '../../src/core/ports.ts';
import { conditioned, type Dialect } from './dialect.ts';
import { ObjectHistory, type Hand, type Version, type Writer } from './object-history.ts';
import { hashOf } from './sim-disk.ts';

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

/** A bucket as S3 has it: conditional writes, ETags, full-object checksums, multipart, listings. Each method is atomic. */
export class Bucket extends ObjectHistory {
  readonly uploads = new Map<string, SimUpload>();
  readonly name: string;
  /** Of the destination that leads here, in some configurations. */
  readonly destination: string;
  #nextUpload = 1;

  constructor(name: string, now: () => number, dialect: Dialect, destination = name) {
    super(now, dialect);
    this.name = name;
    this.destination = destination;
  }

  head(key: string, versionId?: string): RemoteObject | null {
    return this.#described(versionId === undefined ? this.current(key) : this.versionOf(key, versionId));
  }

  #described(version: Version | null): RemoteObject | null {
    if (version === null || version.bytes === null) return null;
    return {
      etag: version.etag,
      versionId: version.versionId,
      sizeBytes: version.bytes.byteLength,
      lastModified: version.atMs,
      metadata: version.metadata,
      checksums: this.dialect.reportsChecksums ? version.checksums : [],
      compositeChecksums: [],
      etagIsMd5: this.dialect.etagIsMd5,
    };
  }

  async put(
    object: ObjectAttributes,
    body: Uint8Array,
    checksum: Checksum,
    condition: WriteCondition | null,
    writer: Writer,
    sentAt = this.tick,
  ): Promise<WriteReply> {
    const bytes = Uint8Array.from(body);
    await this.#verify(bytes, checksum, object.key);
    this.#check(object.key, condition, 'put');
    const write = conditioned('put', condition);
    return this.#reply(this.show(object, bytes, hashOf(bytes), checksum, { writer, sentAt, uploadId: null, write }));
  }

  createUpload(object: ObjectAttributes, algorithm: ChecksumAlgorithm, writer: Writer): { uploadId: string } {
    const id = `${this.name}-upload-${this.#nextUpload}`;
    this.#nextUpload += 1;
    const upload: SimUpload = {
      id,
      object,
      algorithm,
      initiatedMs: this.now(),
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
        checksum: this.dialect.reportsChecksums ? checksum : null,
      }));
  }

  async completeUpload(
    key: string,
    id: string,
    list: readonly { readonly number: number; readonly etag: string }[],
    told: Checksum | null,
    condition: WriteCondition | null,
    sentAt = this.tick,
  ): Promise<WriteReply> {
    const closed = this.uploads.get(id);
    if (closed?.state === 'completed' && closed.reply !== null && this.dialect.repeatedComplete === 'same') {
      return closed.reply;
    }
    const upload = this.#open(key, id);
    const parts = list.map(({ number, etag }) => {
      const part = upload.parts.get(number);
      if (part?.etag !== etag) throw refusal('s3.no-such-upload', 400, key, 'InvalidPart');
      return part;
    });
    const bytes = Buffer.concat(parts.map((part) => part.bytes));
    const checksum = told ?? (await checksumOf('CRC64NVME', bytes));
    await this.#verify(bytes, checksum, key);
    this.#check(key, condition, 'complete');
    const md5s = createHash('md5');
    for (const part of parts) md5s.update(Buffer.from(part.etag, 'hex'));
    const etag = `${md5s.digest('hex')}-${parts.length}`;
    upload.state = 'completed';
    const write = conditioned('complete', condition);
    const hand: Hand = { writer: upload.writer, sentAt, uploadId: id, write };
    upload.reply = this.#reply(this.show(upload.object, Uint8Array.from(bytes), etag, checksum, hand));
    return upload.reply;
  }

  /** Copies exactly this version: of the current one where no version id names another. */
  async copy(
    source: ObjectVersion,
    object: ObjectAttributes,
    condition: WriteCondition | null,
    writer: Writer,
    sentAt = this.tick,
  ): Promise<WriteReply> {
    const { bytes } = this.#pinned(source, 's3.precondition-failed');
    this.#check(object.key, condition, 'copy');
    const checksum = await checksumOf('CRC64NVME', bytes);
    const hand: Hand = { writer, sentAt, uploadId: null, write: conditioned('copy', condition) };
    return this.#reply(this.show(object, Uint8Array.from(bytes), hashOf(bytes), checksum, hand));
  }

  async copyPart(
    key: string,
    id: string,
    number: number,
    source: ObjectVersion,
    offset: number,
    sizeBytes: number,
  ): Promise<SimPart> {
    const { bytes } = this.#pinned(source, 's3.precondition-failed');
    if (offset + sizeBytes > bytes.byteLength) throw refusal('s3.rejected', 416, source.key, 'InvalidRange');
    const piece = bytes.slice(offset, offset + sizeBytes);
    const part: SimPart = { bytes: piece, etag: hashOf(piece), checksum: await checksumOf('CRC64NVME', piece) };
    this.#open(key, id).parts.set(number, part);
    return part;
  }

  /** The bytes of exactly this version. */
  read(source: ObjectVersion, offset: number): Uint8Array {
    return Uint8Array.from(this.#pinned(source, 'conflict.changed').bytes.subarray(offset));
  }

  remove(key: string, etag: string | null, writer: Writer, sentAt = this.tick): { readonly versionId: string | null } {
    const before = this.current(key);
    if (before === null) return { versionId: null };
    if (etag !== null && this.dialect.honours.has('delete-match') && before.etag !== etag)
      throw refusal('conflict.changed', 412, key, 'PreconditionFailed');
    const write = etag === null ? null : 'delete-match';
    return { versionId: this.removed(before, { writer, sentAt, uploadId: null, write }).versionId };
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

  #pinned(
    source: ObjectVersion,
    changed: 's3.precondition-failed' | 'conflict.changed',
  ): { readonly bytes: Uint8Array } {
    const { key, etag, versionId } = source;
    const named = versionId === null ? this.current(key) : this.versionOf(key, versionId);
    if (named === null || named.bytes === null) throw refusal('s3.no-such-key', 404, key, 'NoSuchKey');
    const looks = changed === 'conflict.changed' || this.dialect.honours.has('copy-source');
    if (named.etag !== etag && looks) throw refusal(changed, 412, key, 'PreconditionFailed');
    return { bytes: named.bytes };
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

  #check(key: string, condition: WriteCondition | null, step: 'put' | 'complete' | 'copy'): void {
    if (condition === null || !this.dialect.honours.has(`${step}-${condition.kind}`)) return;
    const current = this.current(key);
    // The reply to a copy does not tell whether source or target is another.
    const copies = step === 'copy';
    if (condition.kind === 'create') {
      if (current === null) return;
      throw refusal(copies ? 's3.precondition-failed' : 'conflict.exists', 412, key, 'PreconditionFailed');
    }
    if (current === null) throw refusal(copies ? 's3.no-such-key' : 'conflict.deleted', 404, key, 'NoSuchKey');
    if (current.etag !== condition.etag) {
      throw refusal(copies ? 's3.precondition-failed' : 'conflict.changed', 412, key, 'PreconditionFailed');
    }
  }

  #reply(version: Version): WriteReply {
    return {
      etag: version.etag,
      versionId: version.versionId,
      checksums: this.dialect.reportsChecksums ? version.checksums : [],
      etagIsMd5: this.dialect.etagIsMd5,
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

/** Objects with which a destination is asked what it can do. */
export function isProbe(key: string): boolean {
  return key.includes('.longshore/probe-');
}
