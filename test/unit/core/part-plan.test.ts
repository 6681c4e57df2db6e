import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AssertionFailed } from '../../../src/core/assert.ts';
import {
  DEFAULT_PART_SIZE_BYTES,
  MAX_PARTS,
  MIN_PART_SIZE_BYTES,
  partCount,
  partSizeFor,
  partSizeUnder,
  partsUnder,
  plannedPart,
} from '../../../src/core/part-plan.ts';

const MIB = 1024 * 1024;
const TIB = MIB * MIB;
/** Amazon S3: the largest object, and the largest part. */
const MAX_OBJECT_BYTES = 5 * TIB;
const MAX_PART_BYTES = 5 * 1024 * MIB;

const anySize = fc.oneof(
  fc.integer({ min: 1, max: 100 * MIB }),
  fc.integer({ min: 1, max: MAX_OBJECT_BYTES }),
  fc.integer({ min: -2, max: 2 }).map((by) => MAX_PARTS * DEFAULT_PART_SIZE_BYTES + by),
  fc.constant(MAX_OBJECT_BYTES),
);
const anyPartSize = fc.integer({ min: MIN_PART_SIZE_BYTES, max: 512 * MIB });

describe('the part plan', () => {
  it('fits every file into 10,000 parts of sizes that S3 takes', () => {
    fc.assert(
      fc.property(anySize, anyPartSize, (size, preferred) => {
        const partSize = partSizeFor(size, preferred);
        expect(partCount(size, partSize)).toBeLessThanOrEqual(MAX_PARTS);
        expect(partSize).toBeGreaterThanOrEqual(MIN_PART_SIZE_BYTES);
        expect(partSize).toBeLessThanOrEqual(MAX_PART_BYTES);
      }),
    );
  });

  it('under a bandwidth limit: parts that take ten seconds, one at least, none smaller than S3 takes', () => {
    const kib = 1024;
    expect(partSizeUnder(0, 8 * MIB)).toBe(8 * MIB);
    expect(partSizeUnder(64 * kib, 8 * MIB)).toBe(5 * MIB);
    expect(partSizeUnder(700 * kib, 64 * MIB)).toBe(6 * MIB);
    expect(partSizeUnder(100 * MIB, 64 * MIB)).toBe(64 * MIB);
    // Never larger than was asked for, also where that is less than S3 would take.
    expect(partSizeUnder(64 * kib, 1 * MIB)).toBe(1 * MIB);
    expect(partsUnder(0, 8 * MIB)).toBeGreaterThan(1000);
    expect(partsUnder(64 * kib, 5 * MIB)).toBe(1);
    expect(partsUnder(MIB, 5 * MIB)).toBe(2);
    expect(partsUnder(20 * MIB, 8 * MIB)).toBe(25);
  });

  it('grows parts only as far as it must, in whole MiB', () => {
    fc.assert(
      fc.property(anySize, anyPartSize, (size, preferred) => {
        const partSize = partSizeFor(size, preferred);
        if (size <= preferred * MAX_PARTS) {
          expect(partSize).toBe(preferred);
          return;
        }
        expect(partSize % MIB).toBe(0);
        expect((partSize - MIB) * MAX_PARTS).toBeLessThan(size);
      }),
    );
  });

  it('covers the file exactly: no gap, no overlap, only the last part short', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 500, max: 200_000 }), (size, partSize) => {
        const count = partCount(size, partSize);
        let covered = 0;
        for (let number = 1; number <= count; number += 1) {
          const part = plannedPart(size, partSize, number);
          expect(part.number).toBe(number);
          expect(part.offset).toBe(covered);
          expect(part.sizeBytes).toBeGreaterThan(0);
          if (number < count) expect(part.sizeBytes).toBe(partSize);
          covered += part.sizeBytes;
        }
        expect(covered).toBe(size);
      }),
    );
  });

  it('has no part 0 and none behind the end', () => {
    expect(() => plannedPart(100, 40, 0)).toThrow(AssertionFailed);
    expect(plannedPart(100, 40, 3)).toEqual({ number: 3, offset: 80, sizeBytes: 20 });
    expect(() => plannedPart(100, 40, 4)).toThrow(AssertionFailed);
    expect(() => plannedPart(80, 40, 3)).toThrow(AssertionFailed);
  });

  it('keeps the preferred size up to the last byte that fits', () => {
    const limit = MAX_PARTS * DEFAULT_PART_SIZE_BYTES;
    expect(partSizeFor(limit)).toBe(DEFAULT_PART_SIZE_BYTES);
    expect(partSizeFor(limit + 1)).toBe(DEFAULT_PART_SIZE_BYTES + MIB);
  });
});
