import { describe, expect, it } from 'vitest';
import { watchClock, type ClockLook } from '../../../src/engine/clock-watch.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { bringTo, makeOutbox, queueUpload, reread } from '../../support/outbox.ts';

/** A machine whose monotonic clock goes on while it sleeps: timers fire late, all at once. */
class LateClock extends ManualClock {
  #sleptMs = 0;

  override now(): number {
    return super.now() + this.#sleptMs;
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.#sleptMs;
  }

  sleep(forMs: number): void {
    this.#sleptMs += forMs;
    this.advance(10_000);
  }
}

describe('watchClock', () => {
  it('tells of no jump while both clocks go together', () => {
    const clock = new ManualClock();
    const jumps: number[] = [];
    watchClock(clock, ({ byMs }) => jumps.push(byMs));
    clock.advance(600_000);
    clock.jump(1500);
    clock.advance(60_000);
    expect(new Set(jumps)).toEqual(new Set([0]));
  });

  it.each([3_600_000, -3_600_000])('tells once that the clock was set by %i ms', (byMs) => {
    const clock = new ManualClock();
    const jumps: number[] = [];
    watchClock(clock, ({ byMs: by }) => jumps.push(by));
    clock.advance(45_000);
    clock.jump(byMs);
    clock.advance(300_000);
    expect(jumps.filter((by) => by !== 0)).toEqual([byMs]);
  });

  it('tells of sleep also where the monotonic clock goes on, as on macOS and Windows', () => {
    const clock = new LateClock();
    const looks: ClockLook[] = [];
    watchClock(clock, (look) => looks.push(look));
    clock.advance(60_000);
    expect(looks.map(({ overslept }) => overslept)).not.toContain(true);
    clock.sleep(3_600_000);
    expect(looks.at(-1)).toEqual({ byMs: 0, overslept: true });
    clock.advance(60_000);
    expect(looks.filter(({ overslept }) => overslept)).toHaveLength(1);
  });

  it('leaves nothing behind when it is stopped', () => {
    const clock = new ManualClock();
    const stop = watchClock(clock, () => undefined);
    clock.advance(100_000);
    stop();
    expect(clock.armed).toBe(0);
  });
});

describe('what waits for a time of day', () => {
  it('is moved with a clock that was set back', () => {
    const outbox = makeOutbox();
    const waiting = bringTo(outbox, queueUpload(outbox, 'a'), 'waiting', { dueAt: outbox.clock.now() + 5000 });
    const pending = queueUpload(outbox, 'b');
    outbox.clock.jump(-3_600_000);
    expect(outbox.repos.operations.boundDue()).toBe(1);
    expect(reread(outbox, waiting).dueAt).toBe(outbox.clock.now() + 5000);
    expect(reread(outbox, pending)).toEqual(pending);
  });

  it('P2: is moved as well when a person touches it before anybody notices that the clock was set back', () => {
    const outbox = makeOutbox();
    const { operations } = outbox.repos;
    const waiting = bringTo(outbox, queueUpload(outbox, 'a'), 'waiting', { dueAt: outbox.clock.now() + 5000 });
    outbox.clock.jump(-86_400_000);
    operations.amend(waiting, { heldUntil: 0 });
    operations.boundDue();
    expect(reread(outbox, waiting).dueAt).toBe(outbox.clock.now() + 5000);
    operations.amend(reread(outbox, waiting), { dueAt: outbox.clock.now() });
    expect(reread(outbox, waiting).dueAt, 'what is asked for counts').toBe(outbox.clock.now());
  });

  it('waits no longer than its whole length after a start with a clock that was set back', () => {
    const outbox = makeOutbox();
    const [a, b] = [5000, 9000].map((delay) => {
      const operation = queueUpload(outbox, `f${delay}`);
      return bringTo(outbox, operation, 'waiting', { dueAt: outbox.clock.now() + delay });
    });
    outbox.repos.operations.boundDue();
    expect(reread(outbox, a!).dueAt).toBe(outbox.clock.now() + 5000);
    outbox.clock.jump(-86_400_000);
    outbox.repos.operations.boundDue();
    expect(reread(outbox, a!).dueAt).toBe(outbox.clock.now() + 5000);
    expect(reread(outbox, b!).dueAt).toBe(outbox.clock.now() + 9000);
  });
});
