import { describe, expect, test } from 'vitest';
import type { Lines } from '../../../renderer/state/selection.ts';
import {
  clearSelection,
  indexOfId,
  moveBy,
  moveTo,
  NO_SELECTION,
  selectAll,
  toggle,
} from '../../../renderer/state/selection.ts';

/** `-` is a line that is no row. */
function linesOf(text: string): Lines {
  const ids = text.split('').map((char) => (char === '-' ? null : char));
  return { length: ids.length, idAt: (index) => ids[index] ?? null };
}

describe('selection', () => {
  const lines = linesOf('-ab-cd-');

  test('the first key goes to the first row, and arrows step over headings', () => {
    const first = moveBy(NO_SELECTION, lines, 1, false);
    expect(first.focus).toBe('a');
    const third = moveBy(moveBy(first, lines, 1, false), lines, 1, false);
    expect([third.focus, third.focusIndex]).toEqual(['c', 4]);
    expect(moveBy(third, lines, -1, false).focus).toBe('b');
  });

  test('at the ends the focus stays on the outermost row', () => {
    const last = moveTo(NO_SELECTION, lines, 6, false);
    expect(last.focus).toBe('d');
    expect(moveBy(last, lines, 1, false).focus).toBe('d');
    expect(moveBy(moveTo(last, lines, 0, false), lines, -1, false).focus).toBe('a');
  });

  test('Shift extends from the anchor in both directions and skips headings', () => {
    const anchored = moveTo(NO_SELECTION, lines, 2, false);
    const down = moveBy(anchored, lines, 1, true);
    expect([...down.selected]).toEqual(['b', 'c']);
    const up = moveBy(moveBy(down, lines, -1, true), lines, -1, true);
    expect([...up.selected]).toEqual(['a', 'b']);
    expect(up.anchor).toBe('b');
  });

  test('Space toggles, select all takes rows only, and clearing keeps the focus', () => {
    const one = toggle(NO_SELECTION, lines, 'c');
    expect([...one.selected]).toEqual(['c']);
    expect(toggle(one, lines, 'c').selected.size).toBe(0);
    const all = selectAll(one, lines);
    expect([...all.selected]).toEqual(['a', 'b', 'c', 'd']);
    expect(clearSelection(all)).toMatchObject({ focus: 'c', selected: new Set() });
  });

  test('when the row with the focus has gone, the next key goes on from its place', () => {
    const focused = moveTo(NO_SELECTION, linesOf('abcd'), 1, false);
    expect(moveBy(focused, linesOf('acd'), 0, false).focus).toBe('c');
    expect(indexOfId(linesOf('acd'), 'b', 1)).toBe(-1);
  });

  test('an empty list changes nothing', () => {
    expect(moveBy(NO_SELECTION, linesOf('-'), 1, false)).toBe(NO_SELECTION);
    expect(moveTo(NO_SELECTION, linesOf(''), 0, true)).toBe(NO_SELECTION);
  });
});
