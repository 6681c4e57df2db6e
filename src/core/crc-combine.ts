import type { ChecksumAlgorithm } from './ports.ts';

interface ReflectedCrc {
  readonly widthBits: number;
  /** The generator without its leading term, bit-reversed. */
  readonly polynomial: bigint;
}

/** Both are reflected, with initial value and final inversion of all ones. */
const CRCS: Readonly<Record<ChecksumAlgorithm, ReflectedCrc>> = {
  // ISO-HDLC, generator 0x04c11db7.
  CRC32: { widthBits: 32, polynomial: 0xedb88320n },
  // CRC-64/NVME, generator 0xad93d23594c93659 (NVM Express NVM Command Set Specification 1.0d, section 5.2.1.3.4).
  CRC64NVME: { widthBits: 64, polynomial: 0x9a6c9329ac4bc9b5n },
};

/** A CRC as a number, and the length of what it is the CRC of. */
export interface CrcOfPart {
  readonly crc: bigint;
  readonly sizeBytes: number;
}

/**
 * The CRC of a whole from the CRCs of its parts in order, without reading a byte of it.
 *
 * Appending n bytes to A shifts A's CRC by a linear operator over GF(2), and its effect is that of multiplying by
 * x^(8n) modulo the generator: `crc(AB) = crc(A) · x^(8·|B|) + crc(B)`. The operator for any n comes from repeated
 * squaring. This is Mark Adler's `crc32_combine` of zlib, in the form it has since zlib 1.2.12; see his explanation at
 * https://stackoverflow.com/a/23126768. About 10 ms for 1,000 parts of equal size.
 */
export function combineCrcs(algorithm: ChecksumAlgorithm, parts: readonly CrcOfPart[]): bigint {
  const kind = CRCS[algorithm];
  // Parts of one file have one size but for the last: its operator is worked out once.
  const operators = new Map<number, bigint>();
  let whole = 0n;
  for (const part of parts) {
    let operator = operators.get(part.sizeBytes);
    if (operator === undefined) {
      operator = appendOperator(kind, part.sizeBytes);
      operators.set(part.sizeBytes, operator);
    }
    whole = multiply(kind, operator, whole) ^ part.crc;
  }
  return whole;
}

/** x^(8·sizeBytes) modulo the generator. In reflected form the highest bit is the coefficient of x⁰. */
function appendOperator(kind: ReflectedCrc, sizeBytes: number): bigint {
  const one = 1n << BigInt(kind.widthBits - 1);
  let operator = one;
  let square = one >> 8n; // x⁸: one byte
  for (let rest = BigInt(sizeBytes); rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) operator = multiply(kind, operator, square);
    square = multiply(kind, square, square);
  }
  return operator;
}

/** a · b modulo the generator (carry-less). */
function multiply(kind: ReflectedCrc, a: bigint, b: bigint): bigint {
  let product = 0n;
  let shifted = b;
  for (let mask = 1n << BigInt(kind.widthBits - 1); mask > 0n; mask >>= 1n) {
    if ((a & mask) !== 0n) product ^= shifted;
    shifted = (shifted & 1n) === 1n ? (shifted >> 1n) ^ kind.polynomial : shifted >> 1n;
  }
  return product;
}
