import { z } from 'zod';

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const coordinate = z.int().min(-100_000).max(100_000);
const length = z.int().min(1).max(100_000);

/** What is remembered of the window between two starts. */
export const windowStateShape = z.object({
  bounds: z.object({ x: coordinate, y: coordinate, width: length, height: length }),
  maximized: z.boolean(),
  /** It was closed before, so people have been told that the agent goes on. */
  closedBefore: z.boolean().default(false),
});
export type WindowState = z.infer<typeof windowStateShape>;

export const MINIMUM_SIZE = { width: 640, height: 420 } as const;
const defaultSize = { width: 1080, height: 720 } as const;
/** So much of the title bar must be on a screen that it can be caught and dragged. */
const visibleWidth = 100;
const visibleHeight = 40;

function overlap(startA: number, lengthA: number, startB: number, lengthB: number): number {
  return Math.min(startA + lengthA, startB + lengthB) - Math.max(startA, startB);
}

/**
 * Where the window opens: where it was, unless the screen that it was on is gone; then centred by the system. Sizes in
 * device-independent pixels.
 */
export function openingBounds(
  remembered: Rectangle | null,
  workAreas: readonly Rectangle[],
): { width: number; height: number; x?: number; y?: number } {
  const width = Math.min(
    Math.max(remembered?.width ?? defaultSize.width, MINIMUM_SIZE.width),
    Math.max(MINIMUM_SIZE.width, ...workAreas.map((area) => area.width)),
  );
  const height = Math.min(
    Math.max(remembered?.height ?? defaultSize.height, MINIMUM_SIZE.height),
    Math.max(MINIMUM_SIZE.height, ...workAreas.map((area) => area.height)),
  );
  if (!remembered) return { width, height };
  const { x, y } = remembered;
  const catchable = workAreas.some(
    (area) =>
      y >= area.y &&
      overlap(x, width, area.x, area.width) >= visibleWidth &&
      overlap(y, height, area.y, area.height) >= visibleHeight,
  );
  return catchable ? { width, height, x, y } : { width, height };
}
