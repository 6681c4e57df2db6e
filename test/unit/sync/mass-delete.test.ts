import { describe, expect, it } from 'vitest';
import type { StoredGuard } from '../../../src/db/folders-repo.ts';
import { isHeld, judgeDeletes } from '../../../src/sync/mass-delete.ts';
import { NOON } from '../../support/manual-clock.ts';

const RULES = { graceMs: 0, askAboveFiles: 50, askAboveShare: 0.2 };
const pending = (count: number, present: number) => ({ count, present, sample: () => ['a', 'b'] });
const asked = (patch: Partial<StoredGuard> = {}): StoredGuard => ({
  count: 60,
  of: 200,
  since: NOON,
  sample: ['a'],
  allowedAt: null,
  ...patch,
});

describe('P4: whether deletes are too many to go unasked', () => {
  it.each([
    ['few', 50, 0, false],
    ['many, but a small part of the folder', 51, 204, false],
    ['many, and a large part', 51, 203, true],
    ['all of a small folder', 50, 0, false],
    ['all of a larger one', 51, 0, true],
  ])('%s: %d gone, %d there', (_what, count, present, ask) => {
    expect(judgeDeletes(RULES, pending(count, present), null, NOON) !== null).toBe(ask);
  });

  it('says how many of how many, since when, and some of which', () => {
    expect(judgeDeletes(RULES, pending(60, 140), null, NOON)).toEqual(asked({ sample: ['a', 'b'] }));
  });

  it('measures against the folder of that day: neither added files nor further deletes lift it', () => {
    expect(judgeDeletes(RULES, pending(60, 10_000), asked(), NOON + 5)).toEqual(asked());
    expect(judgeDeletes(RULES, pending(300, 0), asked(), NOON + 5)).toEqual(asked({ count: 300, of: 300 }));
  });

  it('once asked, stands until all files are back: those restored one by one must not let the rest go', () => {
    expect(judgeDeletes(RULES, pending(50, 150), asked(), NOON + 5)).toEqual(asked({ count: 50 }));
    expect(judgeDeletes(RULES, pending(1, 199), asked(), NOON + 5)).toEqual(asked({ count: 1 }));
    expect(judgeDeletes(RULES, pending(0, 200), asked(), NOON + 5)).toBeNull();
  });

  it('does not ask again for what was allowed', () => {
    const allowed = asked({ allowedAt: NOON });
    expect(judgeDeletes(RULES, pending(60, 140), allowed, NOON + 5)).toBe(allowed);
    expect([isHeld(allowed), isHeld(asked()), isHeld(null)]).toEqual([false, true, false]);
  });
});
