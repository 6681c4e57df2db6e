import type { Clock } from './ports.ts';

/** Waits `delayMs`, or rejects with the signal's reason as soon as it aborts. Leaves no timer or listener behind. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = () => {
      cancel();
      reject(signal.reason as Error);
    };
    const cancel = clock.setTimer(delayMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Resolves with true when the work ends, or with false after `limitMs` though it has not. Rejects as the work does. */
export async function endsWithin(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<boolean> {
  const limit = Promise.withResolvers<boolean>();
  const cancel = clock.setTimer(limitMs, () => {
    limit.resolve(false);
  });
  try {
    return await Promise.race([work.then(() => true), limit.promise]);
  } finally {
    cancel();
  }
}
