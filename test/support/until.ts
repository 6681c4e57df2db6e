import { setTimeout as pause } from 'node:timers/promises';

/** Asks until the answer is yes; fails, in words, when it has not come by the deadline. For tests that meet the real world. */
export async function until(
  what: string,
  answer: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await answer())) {
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await pause(10);
  }
}
