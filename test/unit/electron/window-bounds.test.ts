import { expect, test } from 'vitest';
import { openingBounds, windowStateShape } from '../../../electron/window-bounds.ts';

const screens = [
  { x: 0, y: 0, width: 1920, height: 1080 },
  { x: 1920, y: 0, width: 1280, height: 1024 },
];

test('the first time in its usual size, where the system puts it', () => {
  expect(openingBounds(null, screens)).toEqual({ width: 1080, height: 720 });
});
test('then where it was', () => {
  const bounds = { x: 2000, y: 50, width: 900, height: 600 };
  expect(openingBounds(bounds, screens)).toEqual(bounds);
});
test('not on a screen that is gone, nor with its title bar out of reach', () => {
  const size = { width: 900, height: 600 };
  for (const place of [
    { x: 4000, y: 50 },
    { x: 100, y: -300 },
    { x: -850, y: 50 },
    { x: 100, y: 1060 },
  ]) {
    expect(openingBounds({ ...place, ...size }, screens)).toEqual(size);
  }
});
test('never larger than the screens, never too small to use', () => {
  expect(openingBounds({ x: 0, y: 0, width: 5000, height: 5000 }, screens)).toMatchObject({
    width: 1920,
    height: 1080,
  });
  expect(openingBounds({ x: 0, y: 0, width: 10, height: 10 }, screens)).toMatchObject({ width: 640, height: 420 });
  expect(openingBounds(null, [{ x: 0, y: 0, width: 800, height: 500 }])).toEqual({ width: 800, height: 500 });
});
test('what is read back is checked', () => {
  const bounds = { x: 1, y: 2, width: 3, height: 4 };
  expect(windowStateShape.safeParse({ bounds, maximized: true }).data).toMatchObject({ closedBefore: false });
  for (const broken of [null, {}, { bounds: { ...bounds, x: 0.5 }, maximized: true }, { bounds, maximized: 1 }]) {
    expect(windowStateShape.safeParse(broken).success).toBe(false);
  }
});
