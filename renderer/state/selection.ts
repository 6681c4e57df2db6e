/** Selection in a list of ids, as in a file manager: one focus, one anchor, many selected. Pure. */
export interface Selection {
  readonly selected: ReadonlySet<string>;
  /** Where a range begins. */
  readonly anchor: string | null;
  readonly focus: string | null;
  /** Where the focus was, for when its row has gone. */
  readonly focusIndex: number;
}

/** The lines of a list; what is no row (a heading, say) has no id. */
export interface Lines {
  readonly length: number;
  idAt(index: number): string | null;
}

export const NO_SELECTION: Selection = { selected: new Set(), anchor: null, focus: null, focusIndex: 0 };

/** The index of an id; looks at the expected place first. -1 when it is gone. */
export function indexOfId(lines: Lines, id: string | null, expected: number): number {
  if (id === null) return -1;
  if (lines.idAt(expected) === id) return expected;
  for (let index = 0; index < lines.length; index += 1) if (lines.idAt(index) === id) return index;
  return -1;
}

/** The next row from `index` on in the given direction; -1 when there is none. */
function rowFrom(lines: Lines, index: number, direction: 1 | -1): number {
  for (let at = index; at >= 0 && at < lines.length; at += direction) if (lines.idAt(at) !== null) return at;
  return -1;
}

function rangeOf(lines: Lines, from: number, to: number): Set<string> {
  const ids = new Set<string>();
  for (let at = Math.min(from, to); at <= Math.max(from, to); at += 1) {
    const id = lines.idAt(at);
    if (id !== null) ids.add(id);
  }
  return ids;
}

/** Moves the focus to the row at or next to `target`; with `extend` everything from the anchor to it is selected. */
export function moveTo(selection: Selection, lines: Lines, target: number, extend: boolean): Selection {
  if (lines.length === 0) return selection;
  const at = Math.max(0, Math.min(lines.length - 1, target));
  const forward = at >= selection.focusIndex ? 1 : -1;
  let index = rowFrom(lines, at, forward);
  if (index < 0) index = rowFrom(lines, at, forward === 1 ? -1 : 1);
  const focus = index < 0 ? null : lines.idAt(index);
  if (focus === null) return selection;
  if (!extend) return { ...selection, focus, focusIndex: index, anchor: focus };
  const anchor = selection.anchor ?? selection.focus ?? focus;
  const from = indexOfId(lines, anchor, selection.focusIndex);
  return { selected: rangeOf(lines, from < 0 ? index : from, index), anchor, focus, focusIndex: index };
}

/** Moves the focus by a number of lines from where it stands, or to the first row when nothing has the focus. */
export function moveBy(selection: Selection, lines: Lines, delta: number, extend: boolean): Selection {
  if (selection.focus === null) return moveTo(selection, lines, 0, false);
  const found = indexOfId(lines, selection.focus, selection.focusIndex);
  const from = found < 0 ? Math.min(selection.focusIndex, lines.length) : found;
  return moveTo({ ...selection, focusIndex: from }, lines, from + delta, extend);
}

export function toggle(selection: Selection, lines: Lines, id: string): Selection {
  const selected = new Set(selection.selected);
  if (!selected.delete(id)) selected.add(id);
  const focusIndex = Math.max(0, indexOfId(lines, id, selection.focusIndex));
  return { selected, anchor: id, focus: id, focusIndex };
}

export function selectAll(selection: Selection, lines: Lines): Selection {
  return { ...selection, selected: rangeOf(lines, 0, lines.length - 1) };
}

export function clearSelection(selection: Selection): Selection {
  return selection.selected.size === 0 ? selection : { ...selection, selected: new Set() };
}
