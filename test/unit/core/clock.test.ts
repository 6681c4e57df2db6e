import { describe, expect, it, vi } from 'vitest';
import { sleep } from '../../../src/core/clock.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A signal that counts who listens to it. */
function watchedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  const added = vi.spyOn(signal, 'addEventListener');
  const removed = vi.spyOn(signal, 'removeEventListener');
  return { controller, signal, added, removed };
}

describe('sleep', () => {
  it('ends at its time, not before, and leaves nothing behind', async () => {
    const clock = new ManualClock();
    const { signal, added, removed } = watchedSignal();
    let ended = false;
    const sleeping = sleep(clock, 1000, signal).then(() => (ended = true));
    clock.advance(999);
    await Promise.resolve();
    expect(ended).toBe(false);
    clock.advance(1);
    await sleeping;
    expect(clock.armed).toBe(0);
    expect(removed.mock.calls.map(([type, listener]) => [type, listener])).toEqual(
      added.mock.calls.map(([type, listener]) => [type, listener]),
    );
  });

  it('rejects with the reason of an abort at once, and disarms its timer', async () => {
    const clock = new ManualClock();
    const { controller, signal } = watchedSignal();
    const sleeping = sleep(clock, 1000, signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(clock.armed).toBe(0);
  });

  it('does not begin after an abort', async () => {
    const clock = new ManualClock();
    const { controller, signal, added } = watchedSignal();
    const reason = new Error('too late');
    controller.abort(reason);
    await expect(sleep(clock, 1000, signal)).rejects.toBe(reason);
    expect(clock.armed).toBe(0);
    expect(added).not.toHaveBeenCalled();
  });

  it('leaves no listener after ten thousand sleeps on one signal', async () => {
    const clock = new ManualClock();
    const { signal, added, removed } = watchedSignal();
    for (let turn = 0; turn < 10_000; turn += 1) {
      const sleeping = sleep(clock, 1, signal);
      clock.advance(1);
      await sleeping;
    }
    expect(added).toHaveBeenCalledTimes(10_000);
    expect(removed).toHaveBeenCalledTimes(10_000);
    expect(clock.armed).toBe(0);
  });
});
