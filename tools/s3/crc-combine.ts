import type { ChecksumAlgorithm } from './checksums.ts';

/** A CRC that S3 can report for a whole object from the values of its parts. */
export type CombinableAlgorithm = Extract<ChecksumAlgorithm, 'CRC32' | 'CRC32C' | 'CRC64NVME'>;

interface ReflectedCrc {
  readonly widthBits: number;
  /** The generator without its leading term, bit-reversed. */
  readonly polynomial: bigint;
}

const CRCS: Readonly<Record<CombinableAlgorithm, ReflectedCrc>> = {
  CRC32: { widthBits: 32, polynomial: 0xedb88320n },
  CRC32C: { widthBits: 32, polynomial: 0x82f63b78n },
  CRC64NVME: { widthBits: 64, polynomial: 0x9a6c9329ac4bc9b5n },
};

export function isCombinable(algorithm: ChecksumAlgorithm): algorithm is CombinableAlgorithm {
  return algorithm in CRCS;
}

/** a · b modulo the generator; in reflected form the highest bit is the coefficient of x⁰. */
function multiply(crc: ReflectedCrc, a: bigint, b: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let bit = BigInt(crc.widthBits - 1); bit >= 0n; bit--) {
    if ((a >> bit) & 1n) product ^= shifted;
    shifted = shifted & 1n ? (shifted >> 1n) ^ crc.polynomial : shifted >> 1n;
  }
  return product;
}

/** x^(8 · lengthBytes) modulo the generator, by squaring. */
function shiftFactor(crc: ReflectedCrc, lengthBytes: number): bigint {
  const one = 1n << BigInt(crc.widthBits - 1);
  let factor = one;
  let power = one >> 8n;
  for (let remaining = BigInt(lengthBytes); remaining > 0n; remaining >>= 1n) {
    if (remaining & 1n) factor = multiply(crc, factor, power);
    power = multiply(crc, power, power);
  }
  return factor;
}

function toBigInt(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

/**
 * The CRC of a whole from the CRCs and lengths of its parts in order, so that Complete reads no data again.
 * With the usual all-ones initial value and final inversion, `crc(AB) = crc(A) · x^(8·|B|) + crc(B)` (zlib's
 * `crc32_combine` rests on the same identity).
 */
export function combineCrcs(
  algorithm: CombinableAlgorithm,
  parts: readonly { readonly digest: Buffer; readonly sizeBytes: number }[],
): Buffer {
  const crc = CRCS[algorithm];
  // Parts are nearly always of one size: the factor is worked out once per distinct length.
  const factors = new Map<number, bigint>();
  let whole = 0n;
  for (const part of parts) {
    let factor = factors.get(part.sizeBytes);
    if (factor === undefined) {
      factor = shiftFactor(crc, part.sizeBytes);
      factors.set(part.sizeBytes, factor);
    }
    whole = multiply(crc, whole, factor) ^ toBigInt(part.digest);
  }
  return Buffer.from(whole.toString(16).padStart(crc.widthBits / 4, '0'), 'hex');
}
