import { describe, expect, it } from 'vitest';
import { ServiceClocks } from '../../../src/engine/service-clocks.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function heard(clocks: ServiceClocks, clock: ManualClock, name: string, aheadMs: number) {
  clocks.heard(name, { serverTime: clock.now() + aheadMs - 500, waitedMs: 0, status: 200 });
}

describe('the clocks of the destinations', () => {
  it('are kept apart', () => {
    const clock = new ManualClock();
    const clocks = new ServiceClocks(clock);
    heard(clocks, clock, 'main', 600_000);
    heard(clocks, clock, 'far', -7000);
    expect([clocks.skewMs('main'), clocks.skewMs('far'), clocks.skewMs('new')]).toEqual([600_000, -7000, null]);
  });

  it('give the time that requests are signed with, from the first reply on', () => {
    const clock = new ManualClock();
    const clocks = new ServiceClocks(clock);
    const service = clocks.clockOf('main');
    expect(service.now()).toBe(clock.now());
    heard(clocks, clock, 'main', 600_000);
    expect(service.now()).toBe(clock.now() + 600_000);
    clock.advance(1000);
    expect(service.now()).toBe(clock.now() + 600_000);
  });

  it('are as they were when our own clock was wrong for a moment, whatever was measured by it', () => {
    const clock = new ManualClock();
    const clocks = new ServiceClocks(clock);
    heard(clocks, clock, 'main', 600_000);
    clock.jump(86_400_000);
    for (let index = 0; index < 8; index += 1) heard(clocks, clock, 'main', -85_800_000);
    expect(clocks.skewMs('main')).toBe(-85_800_000);
    clock.jump(-86_400_000);
    expect(clocks.skewMs('main')).toBe(600_000);
  });

  it('are measured anew when our own clock was set', () => {
    const clock = new ManualClock();
    const clocks = new ServiceClocks(clock);
    heard(clocks, clock, 'main', 600_000);
    clock.jump(600_000);
    expect(clocks.skewMs('main')).toBeNull();
    expect(clocks.clockOf('main').now()).toBe(clock.now());
  });
});
