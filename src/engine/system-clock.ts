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

export const systemRandom: Random = {
  fraction: () => Math.random(),
  bytes: (count) => new Uint8Array(randomBytes(count)),
};
