import { useEffect, useRef, useState } from 'react';

/**
 * A value that changes at once when `key` does, and else at most once in `pauseMs`: for a live region that must not
 * talk all the time.
 */
export function useThrottled<T>(value: T, key: string, pauseMs: number): T {
  const [shown, setShown] = useState(value);
  const last = useRef({ key, at: 0 });
  useEffect(() => {
    const show = () => {
      last.current = { key, at: Date.now() };
      setShown(value);
    };
    const wait = last.current.key === key ? last.current.at + pauseMs - Date.now() : 0;
    if (wait <= 0) {
      show();
      return undefined;
    }
    const timer = setTimeout(show, wait);
    return () => {
      clearTimeout(timer);
    };
  }, [value, key, pauseMs]);
  return shown;
}
