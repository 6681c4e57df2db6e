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
import { hashOf } from './sim-disk.ts';

/** `ours` and `peer` are machines with an engine; `other` is anybody else. */
export type Writer = 'ours' | 'peer' | 'other';

/** Something that stood at a key, or that nothing stood there (`bytes` null). */
export interface Version {
  readonly key: string;
  /** Null where the bucket keeps no versions. */
  readonly versionId: string | null;
  readonly bytes: Uint8Array | null;
  readonly hash: string;
  readonly etag: string;
  readonly checksums: readonly Checksum[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly atMs: number;
  readonly writer: Writer;
  /** Orders what happened in this bucket. */
  readonly tick: number;
  /** When it was sent, in ticks: what its writer learnt later it could not know of. */
  readonly sentAt: number;
  /** The multipart upload that it came from. */
  readonly uploadId: string | null;
}

interface Look {
  readonly tick: number;
  readonly answeredAt: number;
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
  /** True: what was replaced or deleted can still be had by its version id. */
  readonly versioned: boolean;
  /** Writes whose conditions are looked at; many services answer 200 to the others. */
  readonly honours: ReadonlySet<ConditionalWrite>;
}

export const CONDITIONAL_WRITES = [
  'put-create',
  'put-replace',
  'complete-create',
  'complete-replace',
  'copy-create',
  'copy-replace',
  'copy-source',
  'delete-match',
] as const;
export type ConditionalWrite = (typeof CONDITIONAL_WRITES)[number];

/** Whose hand a version is of, and how it came. */
interface Hand {
  readonly writer: Writer;
  readonly sentAt: number;
  readonly uploadId: string | null;
  readonly write: ConditionalWrite | null;
}

export interface BucketWatcher {
  /** A version became visible in place of another. */
  /** `write` is null for another hand. */
  visible(version: Version, replaced: Version | null, write: ConditionalWrite | null): void;
}

/** A bucket as S3 has it: conditional writes, ETags, full-object checksums, multipart, listings. Each method is atomic. */
export class Bucket {
  readonly uploads = new Map<string, SimUpload>();
  readonly history = new Map<string, Version[]>();
  readonly #now: () => number;
  readonly dialect: Dialect;
  readonly #watchers: BucketWatcher[] = [];
  readonly name: string;
  /** Of the destination that leads here, in some configurations. */
  readonly destination: string;
  readonly #looks = new Map<string, Look[]>();
  #tick = 0;
  #nextUpload = 1;
  #writes = 0;
  #versions = 0;

  constructor(name: string, now: () => number, dialect: Dialect, destination = name) {
    this.name = name;
    this.destination = destination;
    this.#now = now;
    this.dialect = dialect;
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

  /** When this writer last looked at the key, in ticks, of the looks that it had the answer of by then. */
  lookedAt(writer: Writer, key: string, by: number): number | null {
    return this.#looks.get(`${writer} ${key}`)?.findLast(({ answeredAt }) => answeredAt <= by)?.tick ?? null;
  }

  /** Now, in ticks. */
  get tick(): number {
    return this.#tick;
  }

  /** A look that shows what is current now; gives its tick. */
  look(): number {
    this.#tick += 1;
    return this.#tick;
  }

  /** The answer of a look has come. */
  hasLooked(writer: Writer, key: string, tick: number): void {
    const looks = this.#looks.get(`${writer} ${key}`) ?? [];
    looks.push({ tick, answeredAt: this.#nextTick() });
    this.#looks.set(`${writer} ${key}`, looks);
  }

  head(key: string, versionId?: string): RemoteObject | null {
    return this.#described(versionId === undefined ? this.current(key) : this.#versionOf(key, versionId));
  }

  #versionOf(key: string, versionId: string): Version | null {
    if (!this.dialect.versioned) return null;
    return this.history.get(key)?.find((version) => version.versionId === versionId) ?? null;
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
    sentAt = this.#tick,
  ): Promise<WriteReply> {
    const bytes = Uint8Array.from(body);
    await this.#verify(bytes, checksum, object.key);
    this.#check(object.key, condition, 'put');
    const write = conditioned('put', condition);
    return this.#reply(this.#show(object, bytes, hashOf(bytes), checksum, { writer, sentAt, uploadId: null, write }));
  }

  createUpload(object: ObjectAttributes, algorithm: ChecksumAlgorithm, writer: Writer): { uploadId: string } {
    const id = `${this.name}-upload-${this.#nextUpload}`;
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
        checksum: this.dialect.reportsChecksums ? checksum : null,
      }));
  }

  async completeUpload(
    key: string,
    id: string,
    list: readonly { readonly number: number; readonly etag: string }[],
    told: Checksum | null,
    condition: WriteCondition | null,
    sentAt = this.#tick,
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
    upload.reply = this.#reply(this.#show(upload.object, Uint8Array.from(bytes), etag, checksum, hand));
    return upload.reply;
  }

  /** Copies exactly this version: of the current one where no version id names another. */
  async copy(
    source: ObjectVersion,
    object: ObjectAttributes,
    condition: WriteCondition | null,
    writer: Writer,
    sentAt = this.#tick,
  ): Promise<WriteReply> {
    const { bytes } = this.#pinned(source, 's3.precondition-failed');
    this.#check(object.key, condition, 'copy');
    const checksum = await checksumOf('CRC64NVME', bytes);
    const hand: Hand = { writer, sentAt, uploadId: null, write: conditioned('copy', condition) };
    return this.#reply(this.#show(object, Uint8Array.from(bytes), hashOf(bytes), checksum, hand));
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

  remove(key: string, etag: string | null, writer: Writer, sentAt = this.#tick): { readonly versionId: string | null } {
    const before = this.current(key);
    if (before === null) return { versionId: null };
    if (etag !== null && this.dialect.honours.has('delete-match') && before.etag !== etag)
      throw refusal('conflict.changed', 412, key, 'PreconditionFailed');
    const write = etag === null ? null : 'delete-match';
    return { versionId: this.#removed(before, { writer, sentAt, uploadId: null, write }).versionId };
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
    this.#show(object, bytes, hashOf(bytes), checksum, this.#other());
  }

  /** Another hand deletes what is there. */
  removeAsOther(key: string): void {
    const before = this.current(key);
    if (before !== null) this.#removed(before, this.#other());
  }

  /** Another hand brings an older version back, with its metadata: what a console's "restore" does. */
  restore(version: Version): void {
    if (version.bytes === null) return;
    this.#append(
      {
        ...version,
        versionId: this.#nextVersion(),
        writer: 'other',
        atMs: this.#now(),
        tick: this.#nextTick(),
        sentAt: this.#tick,
        uploadId: null,
      },
      this.current(version.key),
      null,
    );
  }

  #other(): Hand {
    return { writer: 'other', sentAt: this.#tick, uploadId: null, write: null };
  }

  #removed(before: Version, { writer, sentAt, uploadId, write }: Hand): Version {
    const gone: Version = {
      ...before,
      versionId: this.#nextVersion(),
      bytes: null,
      hash: '',
      etag: '',
      writer,
      atMs: this.#now(),
      tick: this.#nextTick(),
      sentAt,
      uploadId,
    };
    this.#append(gone, before, write);
    return gone;
  }

  #pinned(
    source: ObjectVersion,
    changed: 's3.precondition-failed' | 'conflict.changed',
  ): { readonly bytes: Uint8Array } {
    const { key, etag, versionId } = source;
    const named = versionId === null ? this.current(key) : this.#versionOf(key, versionId);
    if (named === null || named.bytes === null) throw refusal('s3.no-such-key', 404, key, 'NoSuchKey');
    const looks = changed === 'conflict.changed' || this.dialect.honours.has('copy-source');
    if (named.etag !== etag && looks) throw refusal(changed, 412, key, 'PreconditionFailed');
    return { bytes: named.bytes };
  }

  #nextVersion(): string | null {
    if (!this.dialect.versioned) return null;
    this.#versions += 1;
    return `v${this.#versions}`;
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

  #show(
    object: ObjectAttributes,
    bytes: Uint8Array,
    md5: string,
    checksum: Checksum,
    { writer, sentAt, uploadId, write }: Hand,
  ): Version {
    this.#writes += 1;
    const etag = this.dialect.etagIsMd5 ? md5 : hashOf(Buffer.from(`${md5} ${this.#writes}`));
    const version: Version = {
      key: object.key,
      versionId: this.#nextVersion(),
      bytes,
      hash: hashOf(bytes),
      etag,
      checksums: [checksum],
      metadata: object.metadata,
      contentType: object.contentType,
      atMs: this.#now(),
      writer,
      tick: this.#nextTick(),
      sentAt,
      uploadId,
    };
    this.#append(version, this.current(object.key), write);
    return version;
  }

  #nextTick(): number {
    this.#tick += 1;
    return this.#tick;
  }

  #append(version: Version, replaced: Version | null, write: ConditionalWrite | null): void {
    const versions = this.history.get(version.key) ?? [];
    versions.push(version);
    this.history.set(version.key, versions);
    for (const watcher of this.#watchers) watcher.visible(version, replaced, write);
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

function conditioned(step: 'put' | 'complete' | 'copy', condition: WriteCondition | null): ConditionalWrite | null {
  return condition === null ? null : `${step}-${condition.kind}`;
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
