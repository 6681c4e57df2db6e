import type { Checksum, ObjectAttributes } from '../../src/core/ports.ts';
import type { ConditionalWrite } from '../../src/sync/capabilities/capabilities.ts';
import type { Dialect } from './dialect.ts';
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

/** Whose hand a version is of, and how it came. */
export interface Hand {
  readonly writer: Writer;
  readonly sentAt: number;
  readonly uploadId: string | null;
  readonly write: ConditionalWrite | null;
}

export interface BucketWatcher {
  /** A version became visible in place of another; `write` is null for another hand, and for a write without condition. */
  visible(version: Version, replaced: Version | null, write: ConditionalWrite | null): void;
}

/** What stood at each key of a bucket and by whose hand, and who has looked when: what the checkers go by. */
export class ObjectHistory {
  readonly history = new Map<string, Version[]>();
  readonly dialect: Dialect;
  protected readonly now: () => number;
  readonly #watchers: BucketWatcher[] = [];
  readonly #looks = new Map<string, Look[]>();
  #tick = 0;
  #writes = 0;
  #versions = 0;

  constructor(now: () => number, dialect: Dialect) {
    this.now = now;
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

  /** Null also where the bucket keeps no versions. */
  protected versionOf(key: string, versionId: string): Version | null {
    if (!this.dialect.versioned) return null;
    return this.history.get(key)?.find((version) => version.versionId === versionId) ?? null;
  }

  /** Another hand writes, in one instant and without a condition. */
  putAsOther(object: ObjectAttributes, bytes: Uint8Array, checksum: Checksum): void {
    this.show(object, bytes, hashOf(bytes), checksum, this.#other());
  }

  /** Another hand deletes what is there. */
  removeAsOther(key: string): void {
    const before = this.current(key);
    if (before !== null) this.removed(before, this.#other());
  }

  /** Another hand brings an older version back, with its metadata: what a console's "restore" does. */
  restore(version: Version): void {
    if (version.bytes === null) return;
    this.#append(
      {
        ...version,
        versionId: this.#nextVersion(),
        writer: 'other',
        atMs: this.now(),
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

  protected removed(before: Version, { writer, sentAt, uploadId, write }: Hand): Version {
    const gone: Version = {
      ...before,
      versionId: this.#nextVersion(),
      bytes: null,
      hash: '',
      etag: '',
      writer,
      atMs: this.now(),
      tick: this.#nextTick(),
      sentAt,
      uploadId,
    };
    this.#append(gone, before, write);
    return gone;
  }

  protected show(
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
      atMs: this.now(),
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

  #nextVersion(): string | null {
    if (!this.dialect.versioned) return null;
    this.#versions += 1;
    return `v${this.#versions}`;
  }
}
