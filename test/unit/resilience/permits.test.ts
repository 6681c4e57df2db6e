import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { BufferPool } from '../../../src/resilience/buffer-pool.ts';
import { Permits } from '../../../src/resilience/permits.ts';

const forever = new AbortController().signal;

describe('permits', () => {
  it('are as many as were made, and go to waiters in order', async () => {
    const permits = new Permits(2);
    const order: string[] = [];
    const first = await permits.acquire(forever);
    await permits.acquire(forever);
    const waiting = ['c', 'd'].map(async (name) => {
      const release = await permits.acquire(forever);
      order.push(name);
      release();
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual([]);
    first();
    await Promise.all(waiting);
    expect(order).toEqual(['c', 'd']);
  });

  it('come back once, however often they are given back', async () => {
    const permits = new Permits(1);
    const release = await permits.acquire(forever);
    release();
    release();
    await permits.acquire(forever);
    let granted = false;
    void permits.acquire(forever).then(() => (granted = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(granted).toBe(false);
  });

  it('are not waited for after an abort, and no listener stays', async () => {
    const permits = new Permits(1);
    const release = await permits.acquire(forever);
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, 'addEventListener');
    const removed = vi.spyOn(controller.signal, 'removeEventListener');
    const reason = new Error('stopped');
    const aborted = permits.acquire(controller.signal);
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await expect(permits.acquire(controller.signal)).rejects.toBe(reason);
    release();
    const other = new AbortController();
    const spies = [vi.spyOn(other.signal, 'addEventListener'), vi.spyOn(other.signal, 'removeEventListener')];
    const held = await permits.acquire(other.signal);
    const next = permits.acquire(other.signal);
    held();
    await next;
    expect(spies.map((spy) => spy.mock.calls.length)).toEqual([1, 1]);
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([1, 0]);
  });

  it('never exceed the budget, whatever is acquired, given back and aborted', async () => {
    const step = fc.constantFrom('acquire', 'release', 'abort');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 40 }), async (count, steps) => {
        const permits = new Permits(count);
        const held: (() => void)[] = [];
        const waiting: AbortController[] = [];
        for (const each of steps) {
          if (each === 'acquire') {
            const controller = new AbortController();
            waiting.push(controller);
            const settled = (release?: () => void) => {
              waiting.splice(waiting.indexOf(controller), 1);
              if (release !== undefined) held.push(release);
            };
            void permits.acquire(controller.signal).then(settled, () => {
              settled();
            });
          } else if (each === 'release') held.shift()?.();
          else waiting[0]?.abort(new Error('no'));
          await Promise.resolve();
          await Promise.resolve();
          await Promise.resolve();
          expect(held.length).toBeLessThanOrEqual(count);
          if (waiting.length > 0) expect(held.length).toBe(count);
        }
      }),
    );
  });
});

describe('the buffer pool', () => {
  it('gives exactly what was asked for, and the same memory again', () => {
    const pool = new BufferPool(2);
    const first = pool.take(1000);
    expect(first.byteLength).toBe(1000);
    pool.give(first);
    const second = pool.take(600);
    expect(second.byteLength).toBe(600);
    expect(second.buffer).toBe(first.buffer);
    expect(pool.take(600).buffer).not.toBe(first.buffer);
  });

  it('gives back the whole buffer although only a part of it was used', () => {
    const pool = new BufferPool(1);
    const whole = pool.take(1000);
    pool.give(whole);
    pool.give(pool.take(10));
    expect(pool.take(1000).buffer).toBe(whole.buffer);
  });

  it('does not pin much memory for little, and keeps few', () => {
    const pool = new BufferPool(1);
    const large = pool.take(8 * 1024 * 1024);
    pool.give(large);
    expect(pool.take(1000).buffer).not.toBe(large.buffer);
    pool.give(new Uint8Array(8 * 1024 * 1024));
    expect(pool.take(8 * 1024 * 1024).buffer).toBe(large.buffer);
    expect(pool.take(8 * 1024 * 1024).buffer).not.toBe(large.buffer);
  });
});
