import { randomBytes } from 'node:crypto';
import type { Clock, Random } from '../core/ports.ts';

/** The machine's own time. Timers never keep the process alive: hosts do that. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
  defer: (callback) => {
    setImmediate(callback);
  },
};

/** Ids take a few bytes each, thousands of times a second: the system's generator is asked for many at once. */
const POOL_BYTES = 8192;
let pool: Uint8Array = new Uint8Array(0);

export const systemRandom: Random = {
  fraction: () => Math.random(),
  bytes: (count) => {
    if (count > POOL_BYTES) return new Uint8Array(randomBytes(count));
    if (pool.byteLength < count) pool = new Uint8Array(randomBytes(POOL_BYTES));
    const taken = pool.slice(0, count);
    pool = pool.subarray(count);
    return taken;
  },
};
