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

  it('P10: go to the folder that holds the fewest, and within it to the operation that does', async () => {
    const permits = new Permits(2);
    const order: string[] = [];
    const held = await Promise.all([permits.acquire(forever), permits.acquire(forever)]);
    const claim = async (group: string, owner: string) => {
      const release = await permits.acquire(forever, { group, owner, bulk: false });
      order.push(`${group}${owner}`);
      return release;
    };
    const all = [claim('a', '1'), claim('a', '1'), claim('a', '2'), claim('b', '1'), claim('b', '2'), claim('c', '1')];
    for (const release of held) release();
    await Promise.all(all.slice(0, 1));
    for (let turn = 0; turn < all.length; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      // Only the first of folder a gives back; later ones hold, so that holding counts.
      permits.setLimit(permits.limit + 1);
    }
    await Promise.all(all);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a1']);
  });

  it('do not go to a folder that holds some because it came later', async () => {
    const permits = new Permits(2);
    const of = (group: string, owner: string) => permits.acquire(forever, { group, owner, bulk: false });
    const releases = await Promise.all([of('a', '1'), of('a', '2')]);
    const order: string[] = [];
    const waiting = ['b', 'a', 'a'].map((group, index) => of(group, `w${index}`).then(() => order.push(group)));
    releases[0]?.();
    await waiting[0];
    expect(order).toEqual(['b']);
    permits.setLimit(4);
    await Promise.all(waiting);
  });

  it('are never all with parts of large files', async () => {
    const permits = new Permits(8);
    const bulk = Array.from({ length: 12 }, () => permits.acquire(forever, { group: 'a', owner: 'large', bulk: true }));
    await new Promise((resolve) => setImmediate(resolve));
    expect([permits.inUse, permits.bulkLimit]).toEqual([6, 6]);
    expect(permits.isWaiting('large')).toBe(true);
    const small = await permits.acquire(forever, { group: 'a', owner: 'small', bulk: false });
    expect(permits.inUse).toBe(7);
    small();
    for (const part of bulk) (await part)();
    expect([permits.inUse, permits.isWaiting('large')]).toEqual([0, false]);
    expect([1, 2, 3, 4, 32].map((limit) => new Permits(limit).bulkLimit)).toEqual([1, 2, 3, 3, 24]);
    expect(new Permits(32, 5).bulkLimit).toBe(5);
  });

  it('become more and fewer while they are in use', async () => {
    const permits = new Permits(1);
    const granted: (() => void)[] = [];
    const all = Array.from({ length: 4 }, () => permits.acquire(forever).then((release) => granted.push(release)));
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    await settle();
    expect(granted).toHaveLength(1);
    permits.setLimit(3);
    await settle();
    expect(granted).toHaveLength(3);
    permits.setLimit(1);
    granted[0]?.();
    granted[1]?.();
    await settle();
    expect(granted, 'those in use run off first').toHaveLength(3);
    granted[2]?.();
    await Promise.all(all);
    expect(permits.inUse).toBe(1);
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
