import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveProgress } from '../../../src/engine/live-progress.ts';
import { SpeedMeter } from '../../../src/engine/speed-meter.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { makeOutbox, queueUpload } from '../../support/outbox.ts';

describe('the speed meter', () => {
  it('is at rest before anything moved', () => {
    expect(new SpeedMeter(new ManualClock()).bytesPerSecond()).toBe(0);
  });

  it('tells a steady stream as it is, from the first second on', () => {
    const clock = new ManualClock();
    const meter = new SpeedMeter(clock);
    for (let tick = 1; tick <= 200; tick += 1) {
      meter.add(100);
      clock.advance(100);
      if (tick >= 10) {
        expect(meter.bytesPerSecond()).toBeGreaterThan(850);
        expect(meter.bytesPerSecond()).toBeLessThan(1150);
      }
    }
  });

  it('comes to rest when nothing moves any more', () => {
    const clock = new ManualClock();
    const meter = new SpeedMeter(clock);
    meter.add(1_000_000);
    clock.advance(6000);
    expect(meter.bytesPerSecond()).toBe(0);
  });

  it('begins anew after a rest, whether or not anybody looked meanwhile', () => {
    const speeds = [true, false].map((looked) => {
      const clock = new ManualClock();
      const meter = new SpeedMeter(clock);
      meter.add(1000);
      clock.advance(60_000);
      if (looked) meter.bytesPerSecond();
      for (let tick = 0; tick < 10; tick += 1) {
        meter.add(100);
        clock.advance(100);
      }
      return meter.bytesPerSecond();
    });
    expect(speeds[0]).toBe(speeds[1]);
    expect(speeds[1]).toBeGreaterThan(850);
  });

  it('stays finite and small, whatever comes', () => {
    const step = fc.record({ bytes: fc.nat(), wait: fc.integer({ min: 0, max: 3000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const clock = new ManualClock();
        const meter = new SpeedMeter(clock);
        let total = 0;
        for (const { bytes, wait } of steps) {
          meter.add(bytes);
          total += bytes;
          clock.advance(wait);
          const speed = meter.bytesPerSecond();
          expect(speed).toBeGreaterThanOrEqual(0);
          expect(speed, 'all in one slot at most').toBeLessThanOrEqual(total * 4);
        }
      }),
    );
  });
});

describe('live progress', () => {
  it('shows what is under way, beyond the checkpoints', () => {
    const outbox = makeOutbox();
    const live = new LiveProgress(outbox.clock);
    const operation = queueUpload(outbox, 'a');
    expect([live.bytes(operation.seq), live.bytesPerSecond(operation.seq)]).toEqual([null, null]);
    live.report(operation, 40, 0);
    live.report(operation, 40, 30);
    outbox.clock.advance(1000);
    expect([live.bytes(operation.seq), live.inFlightBytes(), live.bytesPerSecond(operation.seq)]).toEqual([70, 30, 30]);
    live.ended(operation);
    expect([live.bytes(operation.seq), live.inFlightBytes()]).toEqual([null, 0]);
    expect([...live.runningSeqs()]).toEqual([]);
  });

  it('counts as moved what moved: neither what was there before nor what is sent again', () => {
    const outbox = makeOutbox();
    const live = new LiveProgress(outbox.clock);
    const operation = queueUpload(outbox, 'a');
    live.report(operation, 1000, 0);
    expect(live.totalBytesPerSecond()).toBe(0);
    live.report(operation, 1000, 500);
    live.report(operation, 1000, 0);
    outbox.clock.advance(1000);
    expect(live.totalBytesPerSecond()).toBe(500);
  });
});
