import type { Virtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef } from 'react';
import type { Lines } from '../state/selection.ts';

/** How far from its old place the first visible row is looked for. */
const REACH = 500;

function findNear(lines: Lines, id: string, expected: number): number {
  for (let away = 0; away <= REACH; away += 1) {
    if (lines.idAt(expected + away) === id) return expected + away;
    if (away > 0 && lines.idAt(expected - away) === id) return expected - away;
  }
  return -1;
}

/** Keeps what the reader looks at in its place when rows come or go above it. At the very top, new rows push in. */
export function useScrollAnchor(virtualizer: Virtualizer<HTMLDivElement, Element>, lines: Lines): void {
  const anchor = useRef<{ readonly id: string; readonly index: number; readonly startPx: number } | null>(null);
  useLayoutEffect(() => {
    const element = virtualizer.scrollElement;
    if (element === null) return;
    const before = anchor.current;
    if (before !== null && (virtualizer.scrollOffset ?? 0) > 0 && lines.idAt(before.index) !== before.id) {
      const index = findNear(lines, before.id, before.index);
      const place = index < 0 ? undefined : virtualizer.getOffsetForIndex(index, 'start');
      if (place !== undefined) element.scrollTo({ top: element.scrollTop + place[0] - before.startPx });
    }
  }, [lines, virtualizer]);
  useLayoutEffect(() => {
    // The virtualizer's own offset: reading it from the element would force a layout each time.
    const offsetPx = virtualizer.scrollOffset ?? 0;
    const first = virtualizer.getVirtualItems().find((item) => item.end > offsetPx && lines.idAt(item.index) !== null);
    const id = first === undefined ? null : lines.idAt(first.index);
    anchor.current = first === undefined || id === null ? null : { id, index: first.index, startPx: first.start };
  });
}
