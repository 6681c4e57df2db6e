import { describe, expect, it } from 'vitest';
import {
  adaptConcurrency,
  rebound,
  startConcurrency,
  type Concurrency,
  type TransferSample,
} from '../../../src/resilience/adapt-concurrency.ts';

const BOUNDS = { min: 1, max: 32 };

interface Service {
  /** ms from the last byte to the reply, by what is under way. */
  readonly waitMs: (inFlight: number, atMs: number) => number;
  /** Refuses above so many. */
  readonly bears?: (atMs: number) => number;
  readonly bytes?: number;
}

/** A service under as many transfers as the limit allows, one after the other in time: what it came to, and its path. */
function trace(service: Service, untilMs: number, start: Concurrency = startConcurrency(BOUNDS), demand = Infinity) {
  let state = start;
  let nowMs = 0;
  const path: { readonly atMs: number; readonly limit: number }[] = [];
  const inFlight: { readonly sample: TransferSample }[] = [];
  while (nowMs < untilMs) {
    while (inFlight.length < Math.min(state.limit, demand)) {
      const count = inFlight.length + 1;
      const refused = count > (service.bears?.(nowMs) ?? Infinity);
      const waitedMs = refused ? 1 : service.waitMs(count, nowMs);
      const sample: TransferSample = {
        outcome: refused ? 'overloaded' : 'ok',
        startedMs: nowMs,
        endedMs: nowMs + waitedMs,
        waitedMs,
        bytes: service.bytes ?? 4096,
        inFlight: count,
      };
      inFlight.push({ sample });
    }
    inFlight.sort((a, b) => a.sample.endedMs - b.sample.endedMs);
    const next = inFlight.shift();
    if (next === undefined) break;
    nowMs = next.sample.endedMs;
    state = adaptConcurrency(state, next.sample, BOUNDS);
    path.push({ atMs: nowMs, limit: state.limit });
  }
  const within = (fromMs: number, toMs: number) =>
    path.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).map(({ limit }) => limit);
  return { state, path, within };
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('adaptive concurrency', () => {
  it('reaches 32 on a fast service within the first second, doubling each round trip', () => {
    const { path, within } = trace({ waitMs: () => 20 }, 1000);
    expect([...new Set(path.map(({ limit }) => limit))]).toEqual([4, 8, 16, 32]);
    expect(within(100, 1000).every((limit) => limit === 32)).toBe(true);
  });

  it('reaches 32 although one core does the work and more at once brings no more', () => {
    const { within } = trace({ waitMs: (inFlight) => inFlight * 0.3 }, 1000);
    expect(within(300, 1000).every((limit) => limit === 32)).toBe(true);
  });

  it('stays where the line is full: parts that only queue bring the limit down', () => {
    // 1 MiB/s: eight megabytes take eight seconds, whatever is sent beside.
    const { within } = trace({ waitMs: (inFlight) => inFlight * 8000, bytes: 8 << 20 }, 3_600_000);
    const limits = within(600_000, 3_600_000);
    expect(Math.max(...limits)).toBeLessThanOrEqual(16);
    expect(Math.min(...limits)).toBeGreaterThanOrEqual(1);
  });

  it('settles below what a service refuses, and probes it again and again', () => {
    const { within } = trace({ waitMs: () => 30, bears: () => 10 }, 60_000);
    const limits = within(5000, 60_000);
    expect(Math.max(...limits)).toBe(11);
    expect(Math.min(...limits)).toBe(5);
    expect(average(limits)).toBeGreaterThan(7);
  });

  it('halves once for a crowd of refusals, not once each', () => {
    let state: Concurrency = { ...startConcurrency(BOUNDS), limit: 32 };
    const refusal = (startedMs: number, endedMs: number): TransferSample => ({
      outcome: 'overloaded',
      startedMs,
      endedMs,
      waitedMs: 1,
      bytes: 4096,
      inFlight: 32,
    });
    for (let each = 0; each < 32; each += 1) state = adaptConcurrency(state, refusal(0, 100 + each), BOUNDS);
    expect(state).toMatchObject({ limit: 16, phase: 'avoidance' });
    state = adaptConcurrency(state, { ...refusal(150, 300), outcome: 'timed-out' }, BOUNDS);
    expect(state.limit).toBe(8);
  });

  it('goes down to one and no further, and comes back when the trouble is over', () => {
    const { within, state } = trace({ waitMs: () => 50, bears: (atMs) => (atMs < 10_000 ? 0 : 100) }, 120_000);
    expect(Math.min(...within(1000, 10_000))).toBe(1);
    expect(Math.max(...within(1000, 10_000))).toBe(1);
    expect(state.limit).toBe(32);
  });

  it('gives way when replies take far longer than usual, and comes back with them', () => {
    const slow = (atMs: number) => atMs > 20_000 && atMs < 40_000;
    const { within } = trace({ waitMs: (inFlight, atMs) => (slow(atMs) ? 40 * inFlight : 20) }, 120_000);
    expect(average(within(10_000, 20_000))).toBe(32);
    expect(Math.min(...within(22_000, 40_000))).toBeLessThanOrEqual(8);
    expect(average(within(60_000, 120_000))).toBeGreaterThan(30);
  });

  it('takes a service that is slower for good as it is', () => {
    const { within } = trace({ waitMs: (_inFlight, atMs) => (atMs > 20_000 ? 600 : 20) }, 600_000);
    expect(average(within(500_000, 600_000))).toBeGreaterThan(24);
  });

  it('does not raise what is not made use of', () => {
    const { state } = trace({ waitMs: () => 20 }, 10_000, startConcurrency(BOUNDS), 3);
    expect(state.limit).toBe(4);
  });

  it('compares like with like: parts that take long do not count against small files', () => {
    let nowMs = 0;
    let state = startConcurrency(BOUNDS);
    for (let each = 0; each < 2000; each += 1) {
      const large = each % 3 === 0;
      const waitedMs = large ? 900 : 10;
      nowMs += 5;
      const inFlight = state.limit;
      const bytes = large ? 8 << 20 : 4096;
      const sample = { outcome: 'ok', startedMs: nowMs - waitedMs, endedMs: nowMs, waitedMs, bytes, inFlight } as const;
      state = adaptConcurrency(state, sample, BOUNDS);
    }
    expect(state.limit).toBe(32);
  });

  it('keeps to its bounds, also when they change', () => {
    expect(startConcurrency({ min: 1, max: 3 }).limit).toBe(3);
    expect(startConcurrency({ min: 1, max: 64 }, 64).limit).toBe(64);
    expect(startConcurrency({ min: 1, max: 1 }).limit).toBe(1);
    const wide = { ...startConcurrency(BOUNDS), limit: 32 };
    expect(rebound(wide, { min: 1, max: 5 }).limit).toBe(5);
    const { state } = trace({ waitMs: () => 20 }, 5000, rebound(startConcurrency(BOUNDS), BOUNDS));
    expect(state.limit).toBe(BOUNDS.max);
  });
});
