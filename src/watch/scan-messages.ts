import type { ScannedDirectory, ScannedFiles, ScanRequest, ScanSummary } from '../core/ports.ts';
import type { DirectoryListing } from './directory-listing.ts';
import { filesFrom, numbersOf } from './file-columns.ts';

/** What the scanner sends to its thread: one scan at a time. */
export interface ScanOrder {
  readonly request: ScanRequest;
  readonly control: Int32Array;
}

/** What the thread answers. */
export type ScanReport =
  | { readonly kind: 'batch'; readonly batch: PackedBatch }
  | { readonly kind: 'done'; readonly summary: ScanSummary }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'broken'; readonly detail: string };

/** Slots of the shared memory with which the thread is told things while it walks without a pause. */
export const ABORT = 0;
/** How many batches were taken. */
export const TAKEN = 1;
/** Moves with each step that the thread takes: in a call of the system that hangs it stands still. */
export const STEPS = 2;
export const CONTROL_BYTES = 3 * Int32Array.BYTES_PER_ELEMENT;

/** So many batches may wait to be taken; then the thread waits. */
export const BATCHES_IN_FLIGHT = 2;
/** A batch is sent when it holds so many entries or directories; directories are never split. */
export const BATCH_ENTRIES = 4000;
export const BATCH_DIRECTORIES = 1000;

/** Stands between names in their text; the one byte besides "/" that no file name has. */
const SEPARATOR = '\0';

/** A directory as it crosses threads. Where nothing changed its digest is all that is ever looked at. */
export interface PackedDirectory extends Omit<ScannedDirectory, 'files'> {
  readonly names: string;
  readonly count: number;
}

/**
 * Directories as they cross threads: the numbers of all their files in one buffer that changes hands, their names in one
 * text each. 100,000 unchanged files take the engine's thread 3 ms to receive; as objects it were 80.
 */
export interface PackedBatch {
  readonly directories: readonly PackedDirectory[];
  readonly numbers: BigInt64Array<ArrayBuffer>;
}

export function packBatch(listings: readonly DirectoryListing[]): PackedBatch {
  const count = listings.reduce((sum, { files }) => sum + files.names.length, 0);
  const numbers = new BigInt64Array(numbersOf(count));
  let at = 0;
  const directories = listings.map(({ files, ...rest }): PackedDirectory => {
    const own = files.numbers();
    numbers.set(own, at);
    at += own.length;
    return { ...rest, names: files.names.join(SEPARATOR), count: files.names.length };
  });
  return { directories, numbers };
}

export function unpackBatch({ directories, numbers }: PackedBatch): ScannedDirectory[] {
  let at = 0;
  return directories.map((packed) => {
    const end = at + numbersOf(packed.count);
    const own = numbers.subarray(at, end);
    at = end;
    return new ReceivedDirectory(packed, own);
  });
}

/** Takes the names of its files apart when they are first asked for. */
class ReceivedDirectory implements ScannedDirectory {
  readonly dir: string;
  readonly subdirectories: readonly string[];
  readonly problems: ScannedDirectory['problems'];
  readonly ignored: number;
  readonly ignoredNames: readonly string[];
  readonly volume: string;
  readonly digest: string;
  readonly complete: boolean;
  readonly gone: boolean;
  readonly #names: string;
  readonly #count: number;
  readonly #numbers: BigInt64Array;
  #files: ScannedFiles | null = null;

  constructor(packed: PackedDirectory, numbers: BigInt64Array) {
    this.dir = packed.dir;
    this.subdirectories = packed.subdirectories;
    this.problems = packed.problems;
    this.ignored = packed.ignored;
    this.ignoredNames = packed.ignoredNames;
    this.volume = packed.volume;
    this.digest = packed.digest;
    this.complete = packed.complete;
    this.gone = packed.gone;
    this.#names = packed.names;
    this.#count = packed.count;
    this.#numbers = numbers;
  }

  get files(): ScannedFiles {
    this.#files ??= this.#count === 0 ? [] : filesFrom(this.#names.split(SEPARATOR), this.#numbers);
    return this.#files;
  }
}
