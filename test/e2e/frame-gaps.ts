import type { Page } from 'playwright-core';

/** How evenly a page draws: the time from one frame to the next. */
export interface FrameGaps {
  readonly frames: number;
  readonly p95Ms: number;
  readonly worstMs: number;
  /** Gaps over 100 ms: what a person feels as a hitch. */
  readonly over100Ms: number;
}

// As text: it speaks of the page's world.
const begin = `(() => {
  const gaps = (globalThis.frameGaps = []);
  let last = performance.now();
  const frame = (now) => {
    gaps.push(now - last);
    last = now;
    if (globalThis.frameGaps === gaps) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})()`;

const end = '(() => { const gaps = globalThis.frameGaps; globalThis.frameGaps = null; return gaps; })()';

/** Begins to measure; the returned function ends it. */
export async function measureFrames(page: Page): Promise<() => Promise<FrameGaps>> {
  await page.evaluate(begin);
  return async () => {
    const gaps: readonly number[] = await page.evaluate<number[]>(end);
    const sorted = gaps.toSorted((a, b) => a - b);
    return {
      frames: gaps.length,
      p95Ms: Math.round(sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN),
      worstMs: Math.round(sorted.at(-1) ?? Number.NaN),
      over100Ms: gaps.filter((gap) => gap > 100).length,
    };
  };
}
