import { describe, expect, it } from 'vitest';
import { DiskWatch } from '../../../src/engine/disk-watch.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function watch(freeBytes: () => Promise<number>) {
  const clock = new ManualClock();
  const seen: number[] = [];
  const troubles: unknown[] = [];
  const disk = new DiskWatch({
    clock,
    freeBytes,
    onLook: (bytes) => seen.push(bytes),
    onTrouble: (error) => troubles.push(error),
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, seen, troubles, disk, settle };
}

describe('the look at the disk', () => {
  it('is taken at the start and every ten seconds', async () => {
    let free = 0;
    const { clock, seen, disk, settle } = watch(() => Promise.resolve((free += 1)));
    disk.start();
    await settle();
    expect(seen).toEqual([1]);
    for (let each = 0; each < 3; each += 1) {
      clock.advance(10_000);
      await settle();
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    disk.stop();
    clock.advance(60_000);
    await settle();
    expect([seen.length, clock.armed]).toEqual([4, 0]);
  });

  it('is taken before something starts, once a second at most, and never twice at once', async () => {
    const answers: ((bytes: number) => void)[] = [];
    const { clock, seen, disk, settle } = watch(() => new Promise((resolve) => answers.push(resolve)));
    for (let each = 0; each < 100; each += 1) disk.lookIfStale();
    expect(answers).toHaveLength(1);
    clock.advance(1500);
    disk.lookIfStale();
    expect(answers, 'the first has not ended').toHaveLength(1);
    answers[0]?.(5);
    await settle();
    disk.lookIfStale();
    answers[1]?.(6);
    await settle();
    disk.lookIfStale();
    expect(seen).toEqual([5, 6]);
    expect(answers).toHaveLength(2);
  });

  it('that fails is told of once, and shuts nothing', async () => {
    let broken = true;
    const { clock, seen, troubles, disk, settle } = watch(() =>
      broken ? Promise.reject(new Error('statfs')) : Promise.resolve(7),
    );
    disk.start();
    for (let each = 0; each < 3; each += 1) {
      await settle();
      clock.advance(10_000);
    }
    await settle();
    expect([seen, troubles.length]).toEqual([[], 1]);
    broken = false;
    clock.advance(10_000);
    await settle();
    expect(seen).toEqual([7]);
  });
});
