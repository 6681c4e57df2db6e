import { describe, expect, it } from 'vitest';
import { signingCorrectionMs, SkewMeter } from '../../../src/resilience/skew-meter.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A reply of a service whose clock is ahead by `aheadMs`, heard now: its Date header has whole seconds. */
function reply(clock: ManualClock, aheadMs: number, waitedMs = 40) {
  return { serverTime: Math.floor((clock.now() - waitedMs / 2 + aheadMs) / 1000) * 1000, waitedMs };
}

function measured(...aheadMs: readonly number[]): number | null {
  const clock = new ManualClock();
  const meter = new SkewMeter(clock);
  for (const each of aheadMs) {
    meter.add(reply(clock, each));
    clock.advance(1337);
  }
  return meter.skewMs();
}

function times(count: number, aheadMs: number): number[] {
  return Array.from({ length: count }, () => aheadMs);
}

describe('the clock of a service', () => {
  it.each([0, 250, -800, 600_000, -86_400_000])('is measured to a second: ahead by %i ms', (aheadMs) => {
    expect(Math.abs((measured(...times(15, aheadMs)) ?? Number.NaN) - aheadMs)).toBeLessThan(1000);
  });

  it('is unknown before a reply that says something of it', () => {
    const clock = new ManualClock();
    const meter = new SkewMeter(clock);
    expect(meter.skewMs()).toBeNull();
    meter.add({ serverTime: null, waitedMs: 1 });
    meter.add({ serverTime: clock.now() - 600_000, waitedMs: 30_000 });
    expect(meter.skewMs()).toBeNull();
  });

  it('is not what a few odd replies say', () => {
    const aheadMs = measured(0, 0, 86_400_000, 0, -86_400_000, 0, 0);
    expect(Math.abs(aheadMs ?? Number.NaN)).toBeLessThan(1000);
  });

  it('is what the last replies say after the service set its clock right', () => {
    const aheadMs = measured(...times(30, 600_000), ...times(15, 0));
    expect(Math.abs(aheadMs ?? Number.NaN)).toBeLessThan(1000);
  });

  it('is unknown after ours was set, and what it was when ours is set back', () => {
    const clock = new ManualClock();
    const meter = new SkewMeter(clock);
    meter.add(reply(clock, 600_000));
    const before = meter.skewMs();
    clock.jump(3_600_000);
    expect(meter.skewMs()).toBeNull();
    clock.jump(-3_600_000);
    expect(meter.skewMs()).toBe(before);
  });

  it('corrects the time of requests only where it is truly off', () => {
    expect([null, 0, 59_999, -59_999].map(signingCorrectionMs)).toEqual([0, 0, 0, 0]);
    expect([60_000, -600_000].map(signingCorrectionMs)).toEqual([60_000, -600_000]);
  });
});
