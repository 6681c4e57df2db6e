import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksumOf, combineChecksums, isChecksumValue, startChecksum } from '../../../src/core/checksum.ts';
import type { ChecksumAlgorithm } from '../../../src/core/ports.ts';

const CHECK = Buffer.from('123456789');
/** The check values of the CRC catalogue (CRC-32/ISO-HDLC and CRC-64/NVME over "123456789"). */
const CHECK_VALUES: Readonly<Record<ChecksumAlgorithm, string>> = { CRC32: 'cbf43926', CRC64NVME: 'ae8b14860a799888' };
const EMPTY_VALUES: Readonly<Record<ChecksumAlgorithm, string>> = { CRC32: 'AAAAAA==', CRC64NVME: 'AAAAAAAAAAA=' };

describe.each(['CRC32', 'CRC64NVME'] as const)('%s', (algorithm) => {
  it('gives the published check value, big-endian in base64', async () => {
    const { value } = await checksumOf(algorithm, CHECK);
    expect(Buffer.from(value, 'base64').toString('hex')).toBe(CHECK_VALUES[algorithm]);
  });

  it('of nothing is zero, and keeps its leading zeros', async () => {
    expect(await checksumOf(algorithm, new Uint8Array(0))).toEqual({ algorithm, value: EMPTY_VALUES[algorithm] });
    expect(combineChecksums(algorithm, [])).toEqual({ algorithm, value: EMPTY_VALUES[algorithm] });
  });

  it('is the same however the bytes are handed over', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), async (pieces) => {
        const running = startChecksum(algorithm);
        for (const piece of pieces) running.update(piece);
        expect(await running.finish()).toEqual(await checksumOf(algorithm, Buffer.concat(pieces)));
      }),
    );
  });

  it('of a whole follows from those of its parts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 }), async (pieces) => {
        const parts = await Promise.all(
          pieces.map(async (piece) => ({ checksum: await checksumOf(algorithm, piece), sizeBytes: piece.length })),
        );
        expect(combineChecksums(algorithm, parts)).toEqual(await checksumOf(algorithm, Buffer.concat(pieces)));
      }),
    );
  });

  it('combines parts of the size that uploads have', async () => {
    const part = Buffer.alloc(8 * 1024 * 1024, 'longshore');
    const last = Buffer.alloc(3_000_001, 7);
    const one = { checksum: await checksumOf(algorithm, part), sizeBytes: part.length };
    const end = { checksum: await checksumOf(algorithm, last), sizeBytes: last.length };
    expect(combineChecksums(algorithm, [one, one, end])).toEqual(
      await checksumOf(algorithm, Buffer.concat([part, part, last])),
    );
  });

  it('depends on the order of the parts', async () => {
    const a = { checksum: await checksumOf(algorithm, Buffer.from('a')), sizeBytes: 1 };
    const b = { checksum: await checksumOf(algorithm, Buffer.from('b')), sizeBytes: 1 };
    expect(combineChecksums(algorithm, [a, b])).not.toEqual(combineChecksums(algorithm, [b, a]));
  });
});

describe('combineChecksums', () => {
  it('refuses parts of another algorithm', async () => {
    const part = { checksum: await checksumOf('CRC32', CHECK), sizeBytes: CHECK.length };
    expect(() => combineChecksums('CRC64NVME', [part])).toThrow(/CRC32 among parts of CRC64NVME/);
  });

  it('refuses a composite value', () => {
    const part = { checksum: { algorithm: 'CRC32', value: 'y/Q5Jg==-2' }, sizeBytes: 9 } as const;
    expect(() => combineChecksums('CRC32', [part])).toThrow(/not a CRC32 value/);
  });
});

describe('isChecksumValue', () => {
  it('tells full-object values from all else', () => {
    expect(isChecksumValue('CRC32', 'y/Q5Jg==')).toBe(true);
    expect(isChecksumValue('CRC32', 'y/Q5Jg==-3')).toBe(false);
    expect(isChecksumValue('CRC64NVME', 'y/Q5Jg==')).toBe(false);
    expect(isChecksumValue('CRC32', '')).toBe(false);
  });
});
