import { assert } from './assert.ts';

const MIB = 1024 * 1024;
/** Amazon S3 multipart limits: 10,000 parts, 5 MiB to 5 GiB each but the last, objects up to 5 TiB. */
export const MAX_PARTS = 10_000;
export const MIN_PART_SIZE_BYTES = 5 * MIB;
/** A compromise between requests per file and what a broken connection costs: the SDKs of the field use 5 to 16 MiB. */
export const DEFAULT_PART_SIZE_BYTES = 8 * MIB;

/** What a pause or a broken connection may cost where bandwidth is limited: so many ms of it. Our choice. */
const OPEN_PART_MS = 10_000;

export interface PlannedPart {
  /** 1 to 10,000. */
  readonly number: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** The part size for a file: the preferred one, grown in whole MiB until the file fits into 10,000 parts. */
export function partSizeFor(fileSizeBytes: number, preferredBytes: number = DEFAULT_PART_SIZE_BYTES): number {
  if (fileSizeBytes <= preferredBytes * MAX_PARTS) return preferredBytes;
  return Math.ceil(fileSizeBytes / MAX_PARTS / MIB) * MIB;
}

/**
 * The part size while bandwidth is limited (bytes per second; 0: it is not): what is sent of a part is lost when it is
 * stopped, so one takes no longer than `OPEN_PART_MS`, or as little as S3 allows.
 */
export function partSizeUnder(bytesPerSecond: number, preferredBytes: number): number {
  if (bytesPerSecond === 0) return preferredBytes;
  const fitting = Math.floor((bytesPerSecond * OPEN_PART_MS) / 1000 / MIB) * MIB;
  return Math.min(preferredBytes, Math.max(MIN_PART_SIZE_BYTES, fitting));
}

/** Parts of this size that are sent side by side under a bandwidth limit, so that each is through in time; at least one. */
export function partsUnder(bytesPerSecond: number, partSizeBytes: number): number {
  if (bytesPerSecond === 0) return Number.MAX_SAFE_INTEGER;
  return Math.max(1, Math.floor((bytesPerSecond * OPEN_PART_MS) / 1000 / partSizeBytes));
}

/** Part `number` (from 1) of a file cut into parts of `partSizeBytes`. */
export function plannedPart(fileSizeBytes: number, partSizeBytes: number, number: number): PlannedPart {
  const offset = (number - 1) * partSizeBytes;
  assert(number >= 1 && offset < fileSizeBytes, `part ${number} is outside the file`);
  return { number, offset, sizeBytes: Math.min(partSizeBytes, fileSizeBytes - offset) };
}

export function partCount(fileSizeBytes: number, partSizeBytes: number): number {
  return Math.ceil(fileSizeBytes / partSizeBytes);
}
