import type { ChecksumAlgorithm, ChecksumType } from './checksums.ts';
import type { KeyRecord } from './key-record.ts';
import { compareKeys, lowerBound } from './key-order.ts';

/** What a listing shows of one version. */
export interface IndexedVersion {
  readonly versionId: string;
  readonly lastModifiedMs: number;
  readonly object:
    | {
        readonly etag: string;
        readonly sizeBytes: number;
        readonly checksumAlgorithm: ChecksumAlgorithm | undefined;
        readonly checksumType: ChecksumType | undefined;
      }
    | undefined;
}

export interface IndexedKey {
  readonly key: string;
  /** Newest first, never empty. */
  readonly versions: readonly IndexedVersion[];
}

function indexed(record: KeyRecord): IndexedKey {
  return {
    key: record.key,
    versions: record.versions.map((version) => ({
      versionId: version.versionId,
      lastModifiedMs: version.lastModifiedMs,
      object:
        version.kind === 'object'
          ? {
              etag: version.etag,
              sizeBytes: version.sizeBytes,
              checksumAlgorithm: version.checksum?.algorithm,
              checksumType: version.checksum?.type,
            }
          : undefined,
    })),
  };
}

/**
 * The keys of a bucket in listing order. Only listings read it; the records on disk are the truth, and it is made anew
 * from them at each start.
 */
export class KeyIndex {
  #sorted: IndexedKey[] = [];

  get size(): number {
    return this.#sorted.length;
  }

  load(records: readonly KeyRecord[]): void {
    this.#sorted = records.map(indexed).sort((a, b) => compareKeys(a.key, b.key));
  }

  put(record: KeyRecord): void {
    const index = lowerBound(this.#sorted, record.key, (item) => item.key, true);
    this.#sorted.splice(index, this.#sorted[index]?.key === record.key ? 1 : 0, indexed(record));
  }

  remove(key: string): void {
    const index = lowerBound(this.#sorted, key, (item) => item.key, true);
    if (this.#sorted[index]?.key === key) this.#sorted.splice(index, 1);
  }

  /** Keys from `key` on (or behind it), in order, as they stand while the caller iterates without waiting. */
  *from(key: string, inclusive: boolean): Generator<IndexedKey> {
    for (let index = lowerBound(this.#sorted, key, (item) => item.key, inclusive); ; index++) {
      const item = this.#sorted[index];
      if (item === undefined) return;
      yield item;
    }
  }
}
