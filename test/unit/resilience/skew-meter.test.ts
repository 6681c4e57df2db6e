import { describe, expect, it } from 'vitest';
import { signingCorrectionMs, SkewMeter } from '../../../src/resilience/skew-meter.ts';
import { NOON } from '../../support/manual-clock.ts';

/** A reply of a service whose clock is ahead by `aheadMs`, heard at `receivedAt`: its Date header has whole seconds. */
function reply(aheadMs: number, receivedAt: number, waitedMs = 40) {
  return { serverTime: Math.floor((receivedAt - waitedMs / 2 + aheadMs) / 1000) * 1000, waitedMs };
}

function measured(aheadMs: number): number | null {
  const meter = new SkewMeter();
  for (let index = 0; index < 15; index += 1) {
    const at = NOON + index * 1337;
    meter.add(reply(aheadMs, at), at);
  }
  return meter.skewMs();
}

describe('the clock of a service', () => {
  it.each([0, 250, -800, 600_000, -86_400_000])('is measured to a second: ahead by %i ms', (aheadMs) => {
    expect(Math.abs((measured(aheadMs) ?? Number.NaN) - aheadMs)).toBeLessThan(1000);
  });

  it('is unknown before a reply that says something of it', () => {
    const meter = new SkewMeter();
    expect(meter.skewMs()).toBeNull();
    meter.add({ serverTime: null, waitedMs: 1 }, NOON);
    meter.add({ serverTime: NOON - 600_000, waitedMs: 30_000 }, NOON);
    expect(meter.skewMs()).toBeNull();
  });

  it('is not what a few odd replies say', () => {
    const meter = new SkewMeter();
    for (const aheadMs of [0, 0, 86_400_000, 0, -86_400_000, 0, 0]) meter.add(reply(aheadMs, NOON), NOON);
    expect(Math.abs(meter.skewMs() ?? Number.NaN)).toBeLessThan(1000);
  });

  it('is what the last replies say after the service set its clock right, or ours was set', () => {
    const meter = new SkewMeter();
    for (let index = 0; index < 30; index += 1) meter.add(reply(600_000, NOON + index), NOON + index);
    for (let index = 0; index < 15; index += 1) meter.add(reply(0, NOON + index), NOON + index);
    expect(Math.abs(meter.skewMs() ?? Number.NaN)).toBeLessThan(1000);
    meter.reset();
    expect(meter.skewMs()).toBeNull();
  });

  it('corrects the time of requests only where it is truly off', () => {
    expect([null, 0, 59_999, -59_999].map(signingCorrectionMs)).toEqual([0, 0, 0, 0]);
    expect([60_000, -600_000].map(signingCorrectionMs)).toEqual([60_000, -600_000]);
  });
});
