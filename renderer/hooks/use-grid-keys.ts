import type { Virtualizer } from '@tanstack/react-virtual';
import type { KeyboardEvent, RefObject } from 'react';
import { useCallback } from 'react';
import { useApp } from '../app-context.ts';
import type { Lines, Selection } from '../state/selection.ts';
import { clearSelection, moveBy, moveTo, selectAll, toggle } from '../state/selection.ts';

/** Rows that Page Up and Page Down go. */
const PAGE_STEP = 10;

function moved(key: string, extend: boolean, selection: Selection, lines: Lines): Selection | null {
  switch (key) {
    case 'ArrowDown':
      return moveBy(selection, lines, 1, extend);
    case 'ArrowUp':
      return moveBy(selection, lines, -1, extend);
    case 'PageDown':
      return moveBy(selection, lines, PAGE_STEP, extend);
    case 'PageUp':
      return moveBy(selection, lines, -PAGE_STEP, extend);
    case 'Home':
      return moveTo(selection, lines, 0, extend);
    case 'End':
      return moveTo(selection, lines, lines.length - 1, extend);
    default:
      return null;
  }
}

/** The keyboard of the queue: as in a file manager. */
export function useGridKeys(
  lines: RefObject<Lines>,
  virtualizer: Virtualizer<HTMLDivElement, Element>,
): (event: KeyboardEvent<HTMLDivElement>) => void {
  const { store } = useApp();
  return useCallback(
    (event) => {
      // Keys that a button inside of a row takes are its own.
      const inside = event.target !== event.currentTarget;
      if (inside && (event.key === ' ' || event.key === 'Enter')) return;
      const before = store.get().selection;
      const after = moved(event.key, event.shiftKey, before, lines.current);
      if (after !== null) {
        event.preventDefault();
        store.dispatch({ type: 'select', selection: after });
        if (event.key === 'Home') virtualizer.scrollToOffset(0);
        else virtualizer.scrollToIndex(after.focusIndex, { align: 'auto' });
        // A button of the old row loses its place in the order of tabs with its row.
        if (inside) event.currentTarget.focus();
        return;
      }
      if (event.key === ' ' && before.focus !== null) {
        event.preventDefault();
        store.dispatch({ type: 'select', selection: toggle(before, lines.current, before.focus) });
      } else if (event.key === 'Enter' && before.focus !== null) {
        event.preventDefault();
        store.dispatch({ type: 'open', id: before.focus });
      } else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        store.dispatch({ type: 'select', selection: selectAll(before, lines.current) });
      } else if (event.key === 'Escape' && before.selected.size > 0) {
        event.preventDefault();
        store.dispatch({ type: 'select', selection: clearSelection(before) });
      }
    },
    [store, lines, virtualizer],
  );
}
