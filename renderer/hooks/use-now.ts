import { useSyncExternalStore } from 'react';

/** One clock for all countdowns of the window; it runs only while somebody looks. */
let nowMs = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === null) {
    nowMs = Date.now();
    timer = setInterval(() => {
      nowMs = Date.now();
      for (const one of listeners) one();
    }, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
}

const never = () => () => {};

/** The time in epoch ms, moving once a second while `live`; else the time when it was last looked at. */
export function useNow(live = true): number {
  return useSyncExternalStore(live ? subscribe : never, () => nowMs);
}
