import { assert } from '../core/assert.ts';
import { type FingerprintFields, makeFingerprint } from '../core/fingerprint.ts';
import type { ScannedFile, ScannedFiles } from '../core/ports.ts';

/** Size, mtime and ctime in ns, inode, device: what the system says as 64-bit numbers, in this order. */
const FIELDS = 5;
const FIRST_ROWS = 64;

/**
 * The files of one directory as columns: names, and one array of numbers. An object with a fingerprint for each file is
 * made only for a directory that differs from what is known; a scan in which nothing changed makes none.
 */
export class FileColumns {
  readonly names: string[] = [];
  #numbers = new BigInt64Array(FIRST_ROWS * FIELDS);

  add(name: string, stats: FingerprintFields): void {
    const at = this.names.length * FIELDS;
    if (at === this.#numbers.length) {
      const grown = new BigInt64Array(at * 2);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.names.push(name);
    this.#numbers[at] = stats.size;
    this.#numbers[at + 1] = stats.mtimeNs;
    this.#numbers[at + 2] = stats.ctimeNs;
    this.#numbers[at + 3] = stats.ino;
    this.#numbers[at + 4] = stats.dev;
  }

  /** As many numbers as there are files; a view that the next `add` may outdate. */
  numbers(): BigInt64Array<ArrayBuffer> {
    return this.#numbers.subarray(0, this.names.length * FIELDS);
  }
}

/** How many numbers stand for so many files. */
export function numbersOf(files: number): number {
  return files * FIELDS;
}

/** The columns as the rest of the engine knows files. Objects are made one by one while they are walked, each time anew. */
export function filesFrom(names: readonly string[], numbers: BigInt64Array): ScannedFiles {
  assert(numbers.length === names.length * FIELDS, 'every name has its numbers');
  return {
    length: names.length,
    *[Symbol.iterator]() {
      for (const [index, name] of names.entries()) yield fileAt(name, numbers, index * FIELDS);
    },
  };
}

function fileAt(name: string, numbers: BigInt64Array, at: number): ScannedFile {
  const number = (field: number) => numbers[at + field] ?? 0n;
  const fields = { size: number(0), mtimeNs: number(1), ctimeNs: number(2), ino: number(3), dev: number(4) };
  return {
    name,
    sizeBytes: Number(fields.size),
    mtimeMs: Number(fields.mtimeNs / NS_PER_MS),
    ctimeMs: Number(fields.ctimeNs / NS_PER_MS),
    fingerprint: makeFingerprint(fields),
  };
}

const NS_PER_MS = 1_000_000n;
