import { describe, expect, it } from 'vitest';
import type { ListedUpload } from '../../../src/core/ports.ts';
import { orphansOf } from '../../../src/sync/upload/orphans.ts';
import { NOON } from '../../support/manual-clock.ts';

const MINUTE = 60_000;
const INTENT = { key: 'drop/a', intentAt: NOON, endedAt: NOON + MINUTE };
const upload = (patch: Partial<ListedUpload> = {}): ListedUpload => ({
  key: 'drop/a',
  uploadId: 'u1',
  initiated: NOON,
  ...patch,
});
const found = (listed: ListedUpload, own: readonly string[] = []) =>
  orphansOf(INTENT, [listed], new Set(own), NOON + 60 * MINUTE).length === 1;

describe('P7: what an intent without an id may have left', () => {
  it('has its key, its time and no owner', () => {
    expect(found(upload())).toBe(true);
    expect(found(upload({ initiated: null })), 'the service tells no time').toBe(true);
  });

  it('is not what has an owner, or another key, though the list was asked for by prefix', () => {
    expect(found(upload(), ['u1'])).toBe(false);
    expect(found(upload({ key: 'drop/a2' }))).toBe(false);
  });

  it.each([
    [-16, false],
    [-15, true],
    [16, true],
    [17, false],
  ])('allows for clocks that are 15 minutes apart: begun at %i minutes', (minutes, expected) => {
    expect(found(upload({ initiated: NOON + minutes * MINUTE }))).toBe(expected);
  });

  it('is bounded by now while the intent has not ended', () => {
    const open = { key: 'drop/a', intentAt: NOON };
    const at = (minutes: number) =>
      orphansOf(open, [upload({ initiated: NOON + minutes * MINUTE })], new Set(), NOON + 10 * MINUTE).length;
    expect([at(25), at(26)]).toEqual([1, 0]);
  });
});
