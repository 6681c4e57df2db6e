import { Crc64Nvme as Reference } from '@aws-sdk/crc64-nvme';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Crc64Nvme } from '../../../src/core/crc64-nvme.ts';

async function reference(bytes: Uint8Array): Promise<string> {
  const crc = new Reference();
  crc.update(bytes);
  return Buffer.from(await crc.digest()).toString('hex');
}

function ours(...pieces: readonly Uint8Array[]): string {
  const crc = new Crc64Nvme();
  for (const piece of pieces) crc.update(piece);
  return crc.digest().toString('hex');
}

describe('CRC-64/NVME in WebAssembly', () => {
  it('gives the published check value', () => {
    expect(ours(Buffer.from('123456789'))).toBe('ae8b14860a799888');
  });

  it('agrees with the AWS package on bytes of any length and place in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat(15), async (bytes, skip) => {
        const tail = bytes.subarray(Math.min(skip, bytes.length));
        expect(ours(tail)).toBe(await reference(tail));
      }),
    );
  });

  it.each([65_535, 65_536, 65_537, 300_001])(
    'agrees with it over %i bytes, more than one call takes in',
    async (length) => {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 2654435761) >>> 13);
      expect(ours(bytes)).toBe(await reference(bytes));
      expect(ours(bytes.subarray(0, 777), bytes.subarray(777))).toBe(await reference(bytes));
    },
  );

  it('keeps CRCs apart that are made side by side', async () => {
    const [one, other] = [Buffer.alloc(1000, 'one'), Buffer.alloc(3000, 'other')];
    const [a, b] = [new Crc64Nvme(), new Crc64Nvme()];
    a.update(one);
    b.update(other);
    a.update(other);
    expect(a.digest().toString('hex')).toBe(await reference(Buffer.concat([one, other])));
    expect(b.digest().toString('hex')).toBe(await reference(other));
  });
});
