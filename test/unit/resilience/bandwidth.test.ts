import { describe, expect, it } from 'vitest';
import { Bandwidth, inSeries, type BandwidthPlan } from '../../../src/resilience/bandwidth.ts';
import type { Throttle } from '../../../src/core/ports.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const KIB = 1024;
const forever = new AbortController().signal;
const plain = (uploadKiBps: number): BandwidthPlan => ({ uploadKiBps, schedule: [] });

interface Sent {
  readonly atMs: number;
  readonly bytes: number;
  readonly transfer: number;
}

/** Transfers that each want to send without end, a chunk at a time, as stores do. */
function transfers(throttle: Throttle, clock: ManualClock, count: number, chunkBytes: number, signal = forever) {
  const sent: Sent[] = [];
  const run = async (transfer: number) => {
    while (!signal.aborted) {
      const wait = throttle.take(chunkBytes, signal);
      // A turn for the others, as between two writes to a socket.
      await (wait ?? new Promise<void>((resolve) => clock.setTimer(0, resolve)));
      sent.push({ atMs: clock.monotonicMs(), bytes: chunkBytes, transfer });
    }
  };
  const all = Array.from({ length: count }, (_, transfer) => run(transfer).catch(() => undefined));
  return { sent, ended: () => Promise.all(all) };
}

/** Moves the clock in small steps; what waits goes on in between. */
async function pass(clock: ManualClock, ms: number, stepMs = 2): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advance(stepMs);
    for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
  }
}

/** The most bytes within any window of this length. */
function mostWithin(sent: readonly Sent[], windowMs: number): number {
  let most = 0;
  let sum = 0;
  let first = 0;
  for (const each of sent) {
    sum += each.bytes;
    while ((sent[first]?.atMs ?? 0) <= each.atMs - windowMs) {
      sum -= sent[first]?.bytes ?? 0;
      first += 1;
    }
    most = Math.max(most, sum);
  }
  return most;
}

const total = (sent: readonly Sent[]) => sent.reduce((sum, { bytes }) => sum + bytes, 0);

describe('a bandwidth limit', () => {
  it.each([
    [64, 16 * KIB, 3],
    [64, 64 * KIB, 1],
    [1024, 64 * KIB, 8],
    [100 * 1024, 64 * KIB, 16],
  ])(
    'of %i KiB/s lets through what it says, smoothly: chunks of %i bytes, %i transfers',
    async (rate, chunk, count) => {
      const clock = new ManualClock();
      const stop = new AbortController();
      const seconds = 10;
      const { sent, ended } = transfers(new Bandwidth(clock, plain(rate)), clock, count, chunk, stop.signal);
      await pass(clock, seconds * 1000);
      stop.abort(new Error('enough'));
      await pass(clock, 10);
      await ended();
      expect(mostWithin(sent, 1000)).toBeLessThanOrEqual(rate * KIB * 1.1 + chunk);
      expect(total(sent)).toBeGreaterThanOrEqual(rate * KIB * seconds * 0.97 - chunk);
      // Smooth: no gap is much longer than a chunk takes.
      const gaps = sent.map(({ atMs }, index) => atMs - (sent[index - 1]?.atMs ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual((chunk / (rate * KIB)) * 1000 + 10);
      expect(clock.armed).toBeLessThanOrEqual(1);
    },
  );

  it('is shared evenly by whatever is sent at once', async () => {
    const clock = new ManualClock();
    const { sent } = transfers(new Bandwidth(clock, plain(256)), clock, 4, 16 * KIB);
    await pass(clock, 20_000);
    const each = [0, 1, 2, 3].map((transfer) => total(sent.filter((one) => one.transfer === transfer)));
    expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(2 * 16 * KIB);
  });

  it('that is none costs nothing: no wait, no timer', () => {
    const clock = new ManualClock();
    const bandwidth = new Bandwidth(clock, plain(0));
    for (let chunk = 0; chunk < 1000; chunk += 1) expect(bandwidth.take(1e9, forever)).toBeNull();
    expect(clock.armed).toBe(0);
  });

  it('saves up no more than a tenth of a second while nothing is sent', async () => {
    const clock = new ManualClock();
    const bandwidth = new Bandwidth(clock, plain(1000));
    clock.advance(3_600_000);
    let free = 0;
    while (bandwidth.take(KIB, forever) === null) free += KIB;
    expect(free).toBeLessThanOrEqual(1000 * KIB * 0.1 + KIB);
  });

  it('changes while transfers run, and they go on with it', async () => {
    const clock = new ManualClock();
    const bandwidth = new Bandwidth(clock, plain(64));
    const { sent } = transfers(bandwidth, clock, 2, 16 * KIB);
    await pass(clock, 5000);
    const slow = total(sent);
    expect(slow).toBeLessThanOrEqual(64 * KIB * 5.6 + 16 * KIB);
    bandwidth.setPlan(plain(1024));
    await pass(clock, 5000);
    const fast = total(sent) - slow;
    expect(fast).toBeGreaterThanOrEqual(1024 * KIB * 4.8);
    bandwidth.setPlan(plain(64));
    await pass(clock, 1000);
    const before = total(sent);
    await pass(clock, 5000);
    expect(total(sent) - before).toBeLessThanOrEqual(64 * KIB * 5.6);
  });

  it('that is lifted frees what waits at once', async () => {
    const clock = new ManualClock();
    const bandwidth = new Bandwidth(clock, plain(1));
    void bandwidth.take(64 * KIB, forever);
    const waits = [bandwidth.take(64 * KIB, forever), bandwidth.take(64 * KIB, forever)];
    bandwidth.setPlan(plain(0));
    for (const wait of waits) await wait;
    expect(clock.armed).toBe(0);
    expect(bandwidth.bytesPerSecond).toBe(0);
  });

  it('forgets what was aborted, and rejects with its reason', async () => {
    const clock = new ManualClock();
    const bandwidth = new Bandwidth(clock, plain(64));
    void bandwidth.take(640 * KIB, forever);
    const stop = new AbortController();
    const aborted = bandwidth.take(64 * KIB, stop.signal);
    const kept = bandwidth.take(KIB, forever);
    const reason = new Error('paused');
    stop.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(bandwidth.take(KIB, stop.signal)).rejects.toBe(reason);
    let went = false;
    void kept?.then(() => (went = true));
    await pass(clock, 9000, 50);
    expect(went).toBe(false);
    await pass(clock, 1100, 50);
    expect(went).toBe(true);
    expect(clock.armed).toBe(0);
  });

  it('lets nobody pass those that wait', async () => {
    const clock = new ManualClock();
    const bandwidth = new Bandwidth(clock, plain(1024));
    expect(bandwidth.take(103 * KIB, forever)).toBeNull();
    const order: string[] = [];
    const first = bandwidth.take(KIB, forever)?.then(() => order.push('first'));
    // The debt is paid before the timer of the first comes.
    clock.advance(2);
    const second = bandwidth.take(KIB, forever)?.then(() => order.push('second'));
    clock.advance(10);
    await first;
    await second;
    expect(order).toEqual(['first', 'second']);
  });

  it('follows the week: the first window that holds takes the place of the rate', async () => {
    // The clock begins on 2026-03-01, a Sunday, at 12:00 UTC.
    const clock = new ManualClock();
    const everyDay = [0, 1, 2, 3, 4, 5, 6];
    const schedule = [
      { days: everyDay, fromMinute: 12 * 60 + 1, toMinute: 12 * 60 + 2, uploadKiBps: 512 },
      { days: everyDay, fromMinute: 12 * 60 + 2, toMinute: 12 * 60 + 3, uploadKiBps: 0 },
    ];
    const utc = (at: number) => ({ day: new Date(at).getUTCDay(), minute: Math.floor(at / 60_000) % 1440 });
    const bandwidth = new Bandwidth(clock, { uploadKiBps: 64, schedule }, utc);
    const stop = new AbortController();
    const { sent } = transfers(bandwidth, clock, 2, 16 * KIB, stop.signal);
    await pass(clock, 59_000, 10);
    expect(total(sent)).toBeLessThanOrEqual(64 * KIB * 59.2 + 16 * KIB);
    await pass(clock, 1200, 10);
    const atOne = total(sent);
    await pass(clock, 10_000, 10);
    const inWindow = total(sent) - atOne;
    expect(inWindow).toBeGreaterThanOrEqual(512 * KIB * 9.7);
    expect(inWindow).toBeLessThanOrEqual(512 * KIB * 10.2);
    stop.abort(new Error('enough'));
    clock.advance(50_000);
    expect(bandwidth.bytesPerSecond).toBe(0);
    clock.advance(60_000);
    expect(bandwidth.bytesPerSecond).toBe(64 * KIB);
  });

  it('of a destination holds beside that of all', async () => {
    const clock = new ManualClock();
    const all = new Bandwidth(clock, plain(256));
    const slow = transfers(inSeries(new Bandwidth(clock, plain(64)), all), clock, 2, 8 * KIB);
    const other = transfers(inSeries(new Bandwidth(clock, plain(0)), all), clock, 2, 8 * KIB);
    await pass(clock, 20_000);
    expect(total(slow.sent) / 20 / KIB).toBeGreaterThan(60);
    expect(total(slow.sent) / 20 / KIB).toBeLessThan(66);
    expect((total(slow.sent) + total(other.sent)) / 20 / KIB).toBeGreaterThan(248);
    expect(
      mostWithin(
        [...slow.sent, ...other.sent].toSorted((a, b) => a.atMs - b.atMs),
        1000,
      ),
    ).toBeLessThanOrEqual(256 * KIB * 1.1 + 8 * KIB);
  });
});
