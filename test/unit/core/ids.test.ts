import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOperationId, newOperationId, newUuid } from '../../../src/core/ids.ts';
import { CountedRandom, ManualClock } from '../../support/manual-clock.ts';

/** RFC 9562: 48 bits of milliseconds. */
const anyTime = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe('operation ids', () => {
  it('have the shape, version and variant of a UUIDv7', () => {
    fc.assert(
      fc.property(anyTime, fc.integer(), (now, seed) => {
        const id = newOperationId(new ManualClock(now), new CountedRandom(seed));
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(isOperationId(id)).toBe(true);
      }),
    );
  });

  it('carry their time in the first 48 bits', () => {
    fc.assert(
      fc.property(anyTime, (now) => {
        const id = newUuid(new ManualClock(now), new CountedRandom());
        expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(now);
      }),
    );
  });

  it('sort as text by the time they were made', () => {
    fc.assert(
      fc.property(anyTime, anyTime, fc.integer(), (a, b, seed) => {
        fc.pre(a < b);
        const random = new CountedRandom(seed);
        const later = newUuid(new ManualClock(b), random);
        expect(newUuid(new ManualClock(a), random) < later).toBe(true);
      }),
    );
  });

  it('differ within one millisecond', () => {
    const clock = new ManualClock();
    const random = new CountedRandom();
    const ids = new Set(Array.from({ length: 10_000 }, () => newUuid(clock, random)));
    expect(ids.size).toBe(10_000);
  });

  it('leave alone what lies beside the random bytes', () => {
    const pool = new Uint8Array(48);
    newUuid(new ManualClock(), { fraction: () => 0, bytes: () => pool.subarray(16, 32) });
    expect([...pool.subarray(0, 16), ...pool.subarray(32)].every((byte) => byte === 0)).toBe(true);
  });

  it.each(['', 'x', '0190a0a0-0000-4000-8000-000000000000', '0190A0A0-0000-7000-8000-000000000000'])(
    'are not %j',
    (text) => {
      expect(isOperationId(text)).toBe(false);
    },
  );
});
