import { assert } from '../core/assert.ts';
import type { Fingerprint } from '../core/fingerprint.ts';
import type { ScannedDirectory, ScannedFile, ScanRequest, ScanSummary } from '../core/ports.ts';

/** What the scanner sends to its thread: one scan at a time. */
export interface ScanOrder {
  readonly request: ScanRequest;
  readonly control: Int32Array;
}

/** What the thread answers. */
export type ScanReport =
  | { readonly kind: 'batch'; readonly directories: readonly PackedDirectory[] }
  | { readonly kind: 'done'; readonly summary: ScanSummary }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'broken'; readonly detail: string };

/** Slots of the shared memory with which the thread is told things while it walks without a pause. */
export const ABORT = 0;
/** How many batches were taken. */
export const TAKEN = 1;
export const CONTROL_BYTES = 2 * Int32Array.BYTES_PER_ELEMENT;

/** So many batches may wait to be taken; then the thread waits. */
export const BATCHES_IN_FLIGHT = 2;
/** A batch is sent when it holds so many entries or directories; directories are never split. */
export const BATCH_ENTRIES = 4000;
export const BATCH_DIRECTORIES = 1000;

/**
 * A directory as it crosses threads. Columns instead of an object for each file: 100,000 files take the engine's thread
 * 10 ms to receive instead of 80 ms. Names stay strings of their own, so that keeping one does not keep the batch.
 */
export interface PackedDirectory extends Omit<ScannedDirectory, 'files'> {
  readonly names: readonly string[];
  readonly fingerprints: readonly Fingerprint[];
  /** sizeBytes, mtimeMs, ctimeMs of each file in turn. */
  readonly numbers: Float64Array<ArrayBuffer>;
}

const NUMBERS_EACH = 3;

export function packDirectory(directory: ScannedDirectory): PackedDirectory {
  const { files, ...rest } = directory;
  const numbers = new Float64Array(files.length * NUMBERS_EACH);
  files.forEach(({ sizeBytes, mtimeMs, ctimeMs }, index) => numbers.set([sizeBytes, mtimeMs, ctimeMs], index * 3));
  return {
    ...rest,
    names: files.map(({ name }) => name),
    fingerprints: files.map((file) => file.fingerprint),
    numbers,
  };
}

export function unpackDirectory(packed: PackedDirectory): ScannedDirectory {
  const { names, fingerprints, numbers, ...rest } = packed;
  const files = names.map((name, index): ScannedFile => {
    const at = index * NUMBERS_EACH;
    const fingerprint = fingerprints[index];
    assert(fingerprint !== undefined, 'every name has a fingerprint');
    return {
      name,
      sizeBytes: numbers[at] ?? 0,
      mtimeMs: numbers[at + 1] ?? 0,
      ctimeMs: numbers[at + 2] ?? 0,
      fingerprint,
    };
  });
  return { ...rest, files };
}
