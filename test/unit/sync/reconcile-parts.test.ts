import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plannedPart } from '../../../src/core/part-plan.ts';
import type { ListedPart } from '../../../src/core/ports.ts';
import { reconcileParts } from '../../../src/sync/upload/reconcile-parts.ts';
import { partOf } from '../../support/outbox.ts';

const SIZE = 100;
const PART = 40;
/** Part 3 is the short last one. */
const stored = (number: number) => partOf(number, { sizeBytes: plannedPart(SIZE, PART, number).sizeBytes });
const listed = (number: number, patch: Partial<ListedPart> = {}): ListedPart => ({
  number,
  sizeBytes: number === 3 ? 20 : 40,
  etag: `etag-${number}`,
  checksum: { algorithm: 'CRC64NVME', value: `sum-${number}` },
  ...patch,
});
const reconcile = (ours: number[], theirs: readonly ListedPart[]) => {
  const { kept, lost, unrecorded } = reconcileParts(ours.map(stored), theirs, SIZE, PART);
  return { kept: kept.map(({ number }) => number), lost, unrecorded: unrecorded.map(({ number }) => number) };
};

describe('P6: our checkpoints against what the service lists', () => {
  it('keep what both know', () => {
    expect(reconcile([1, 3], [listed(1), listed(3)])).toEqual({ kept: [1, 3], lost: [], unrecorded: [] });
  });

  it('send again what the service has not', () => {
    expect(reconcile([1, 2], [listed(2)])).toEqual({ kept: [2], lost: [1], unrecorded: [] });
    expect(reconcile([1, 2], [])).toEqual({ kept: [], lost: [1, 2], unrecorded: [] });
  });

  it.each([
    ['size', { sizeBytes: 39 }],
    ['ETag', { etag: 'other' }],
    ['checksum', { checksum: { algorithm: 'CRC64NVME', value: 'other' } }],
  ] as const)('send again a part whose %s differs', (_what, patch) => {
    expect(reconcile([1], [listed(1, patch)])).toEqual({ kept: [], lost: [1], unrecorded: [] });
  });

  it('trust size and ETag where the service lists no checksum', () => {
    expect(reconcile([1], [listed(1, { checksum: null })])).toEqual({ kept: [1], lost: [], unrecorded: [] });
  });

  it('offer a part that arrived without a checkpoint, if it fits the plan and tells its checksum', () => {
    expect(reconcile([1], [listed(1), listed(2), listed(3)]).unrecorded).toEqual([2, 3]);
    expect(reconcile([], [listed(2, { checksum: null })]).unrecorded).toEqual([]);
    expect(reconcile([], [listed(2, { sizeBytes: 20 })]).unrecorded).toEqual([]);
    expect(reconcile([], [listed(3, { sizeBytes: 40 })]).unrecorded).toEqual([]);
  });

  it('leave out parts that no plan of this file has', () => {
    expect(reconcile([], [listed(4), listed(0), listed(10_000)]).unrecorded).toEqual([]);
  });

  it('put every part into one heap at most, and every checkpoint into exactly one', () => {
    const number = fc.integer({ min: 1, max: 3 });
    const numbers = fc.uniqueArray(number);
    const strange = fc.record({ number: fc.integer({ min: 0, max: 5 }), sizeBytes: fc.constantFrom(20, 40, 41) });
    fc.assert(
      fc.property(numbers, fc.uniqueArray(strange, { selector: (part) => part.number }), (ours, theirs) => {
        const found = reconcile(
          ours,
          theirs.map((part) => listed(part.number, { sizeBytes: part.sizeBytes })),
        );
        expect(new Set([...found.kept, ...found.lost])).toEqual(new Set(ours));
        expect(found.kept.length + found.lost.length).toBe(ours.length);
        for (const part of found.unrecorded) {
          expect(ours).not.toContain(part);
          expect(part).toBeGreaterThanOrEqual(1);
          expect(part).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});
