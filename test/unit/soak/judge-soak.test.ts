import { describe, expect, it } from 'vitest';
import { judgeSoak, type Sample } from '../../soak/judge-soak.ts';
import { seededFraction } from '../../support/seeded-fraction.ts';

const QUARTER_MINUTE_MS = 15_000;

/** An hour of samples; `rise` adds to one of them by the hour. */
function soak(rise: Partial<Sample> = {}, minutes = 60): Sample[] {
  const fraction = seededFraction(1);
  const near = (level: number, by: number) => level + (fraction() - 0.5) * 2 * by;
  return Array.from({ length: minutes * 4 }, (_, index) => {
    const hours = (index * QUARTER_MINUTE_MS) / 3_600_000;
    const sample: Sample = {
      atMs: 1000 + index * QUARTER_MINUTE_MS,
      rssMiB: near(300, 40),
      programMiB: 64,
      heapMiB: near(120, 30),
      heapUsedMiB: near(60, 20),
      externalMiB: near(40, 25),
      buffersMiB: near(30, 20),
      allocatorMiB: near(80, 5),
      handles: near(70, 15),
      sockets: near(20, 10),
      openFiles: near(20, 4),
      threads: 13,
      databaseMiB: 40 * hours,
      logMiB: near(16, 1),
      open: near(200, 150),
      done: 20_000 * hours,
    };
    const risen = Object.entries(rise).map(([name, by]) => [name, sample[name as keyof Sample] + by * hours] as const);
    return { ...sample, ...Object.fromEntries(risen) };
  });
}

describe('judging a soak', () => {
  it('takes what goes up and down for flat, and a history that grows by intent too', () => {
    const { grew, trends } = judgeSoak(soak());
    expect(grew).toEqual([]);
    expect(trends.databaseMiB?.slopePerHour).toBeCloseTo(40, 0);
    expect(Math.abs(trends.heapUsedMiB?.slopePerHour ?? 99)).toBeLessThan(3 * (trends.heapUsedMiB?.slopeError ?? 0));
  });

  it.each([
    ['heapUsedMiB', 40],
    ['externalMiB', 50],
    ['allocatorMiB', 40],
    ['handles', 30],
    ['openFiles', 12],
    ['threads', 4],
  ] as const)('finds that %s grows', (measure, byHour) => {
    const { grew, trends } = judgeSoak(soak({ [measure]: byHour }));
    expect(grew).toContain(measure);
    expect(trends[measure]?.slopePerHour).toBeGreaterThan(byHour / 2);
  });

  it('what grows while it warms up is no growth', () => {
    const cold = soak({}, 7).map((sample) => Object.assign(sample, { allocatorMiB: 1 }));
    const samples = [...cold, ...soak().slice(cold.length)];
    expect(judgeSoak(samples).grew).toEqual([]);
  });

  it('a few minutes have no slope by the hour, but a leak in them is found all the same', () => {
    expect(judgeSoak(soak({ heapUsedMiB: 40 }, 5)).grew).toEqual([]);
    expect(judgeSoak(soak({ heapUsedMiB: 1200 }, 5)).grew).toContain('heapUsedMiB');
  });
});
