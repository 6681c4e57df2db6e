import { createHash } from 'node:crypto';
import { crc32, crc32c } from '@node-rs/crc32';
import { Crc64Nvme } from '../../src/core/crc64-nvme.ts';
import { S3Error } from './s3-error.ts';

export const CHECKSUM_ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

/** A checksum as S3 reports it: base64, with `-N` behind it when it is composite. */
export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string;
  readonly type: ChecksumType;
}

/** A running digest over bytes given in order. `digest` is called once. */
export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  digest(): Promise<Buffer>;
}

const DIGEST_LENGTH_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

function runningCrc32(step: (bytes: Uint8Array, state: number) => number): RunningChecksum {
  let state = 0;
  return {
    update(bytes) {
      state = step(bytes, state);
    },
    digest() {
      const digest = Buffer.alloc(4);
      digest.writeUInt32BE(state >>> 0);
      return Promise.resolve(digest);
    },
  };
}

function runningCrc64(): RunningChecksum {
  const state = new Crc64Nvme();
  return {
    update: (bytes) => state.update(bytes),
    digest: () => Promise.resolve(state.digest()),
  };
}

function runningHash(name: string): RunningChecksum {
  const hash = createHash(name);
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => Promise.resolve(hash.digest()),
  };
}

export function startChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  switch (algorithm) {
    case 'CRC32':
      return runningCrc32(crc32);
    case 'CRC32C':
      return runningCrc32(crc32c);
    case 'CRC64NVME':
      return runningCrc64();
    case 'SHA1':
    case 'SHA256':
      return runningHash(algorithm.toLowerCase());
  }
}

/** `x-amz-checksum-crc32` and so on. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** Reads an algorithm's name as it stands in a header. @throws S3Error `InvalidRequest` for an unknown one. */
export function parseAlgorithm(name: string): ChecksumAlgorithm {
  const found = CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === name.toUpperCase());
  if (found === undefined) {
    throw new S3Error('InvalidRequest', { message: 'Checksum algorithm provided is unsupported. Please try again.' });
  }
  return found;
}

/** Refuses what cannot be a digest of `algorithm`. @throws S3Error `InvalidRequest`. */
export function assertDigestShape(algorithm: ChecksumAlgorithm, value: string): void {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== DIGEST_LENGTH_BYTES[algorithm] || bytes.toString('base64') !== value) {
    throw new S3Error('InvalidRequest', { message: `Value for ${checksumHeader(algorithm)} header is invalid.` });
  }
}
