import { describe, expect, it } from 'vitest';
import { Limits, limitsText, type RunLimits } from './run-limits.ts';
import type { RunResult } from './run-seed.ts';
import { shrink } from './shrink.ts';

const ACTIONS = 40;

/** A run that fails when actions 3 and 17 take place, resets happen, and the engine dies at least twice. */
function run(asked: RunLimits, count: () => void): RunResult {
  count();
  const limits = new Limits(asked);
  const actions = Math.min(ACTIONS, limits.maxActions);
  const takesPlace = (number: number) =>
    number < actions && !limits.skips(number) && limits.permits('action', 'rename');
  const crashes = Math.min(4, limits.maxCrashes);
  const fails = takesPlace(3) && takesPlace(17) && limits.permits('fault', 'reset-after') && crashes >= 2;
  return {
    seed: 1,
    limits: asked,
    actions,
    changes: [],
    steps: actions * 10,
    crashes,
    faults: 2,
    violations: fails ? [{ promise: 'P4', text: 'overwritten', atMs: 5 }] : [],
    coverage: [
      ['fault put reset-after', 1],
      ['fault put stall-before', 1],
      ['action rename', 20],
      ['action touch', 20],
    ],
    trace: null,
  };
}

describe('the shrinker', () => {
  it('leaves out what the failure does not need, in a bounded number of runs, and says how to see it', async () => {
    let runs = 0;
    const again = (limits: RunLimits) => Promise.resolve(run(limits, () => (runs += 1)));
    const small = await shrink(await again({}), again);
    expect(small.violations).toHaveLength(1);
    expect(small.actions).toBe(18);
    expect(small.crashes).toBe(2);
    expect(small.limits.skip).toEqual(
      Array.from({ length: 18 }, (_, index) => index).filter((n) => n !== 3 && n !== 17),
    );
    expect(small.limits.without).toEqual(['device:peer', 'fault:stall-before', 'action:touch']);
    expect(runs).toBeLessThan(251);
    expect(limitsText({ ...small.limits, size: 'long', skip: [1, 2] })).toBe(
      '--size long --without device:peer,fault:stall-before,action:touch --skip 1,2 --actions 18 --crashes 2',
    );
  });

  it('keeps the failure that it was given: another promise does not count', async () => {
    const failed = run({}, () => undefined);
    const small = await shrink(failed, (limits) =>
      Promise.resolve({ ...failed, limits, violations: [{ promise: 'P2', text: 'another', atMs: 1 }] }),
    );
    expect(small).toBe(failed);
  });
});
