import { shorten, textWidth } from './text-width.ts';
import type { Style, StyleName } from './style.ts';

export interface Cell {
  /** Printable, on one line. */
  readonly text: string;
  readonly style?: StyleName;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Gives way when the terminal is narrow: shortened at the end, or in the middle. */
  readonly shrink?: 'end' | 'middle';
}

const GAP = '  ';
/** A column that gives way keeps at least this many characters. */
const MIN_COLUMNS = 12;

/** A table of plain columns with titles. `maxColumns` null: as wide as it needs (output that goes to a file or program). */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  style: Style,
  maxColumns: number | null,
): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(textWidth(title), ...rows.map((row) => textWidth(row[index]?.text ?? ''))),
  );
  if (maxColumns !== null) shrinkToFit(columns, widths, maxColumns);
  const head = columns.map(({ title }): Cell => ({ text: title, style: 'faint' }));
  return [head, ...rows].map((row) => formatRow(columns, widths, row, style)).join('\n');
}

function shrinkToFit(columns: readonly Column[], widths: number[], maxColumns: number): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1) - maxColumns;
  while (excess > 0) {
    // The widest gives first, so that none is cut while another has room.
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const width = widths[index] ?? 0;
      if (column.shrink !== undefined && width > MIN_COLUMNS && width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
}

function formatRow(columns: readonly Column[], widths: readonly number[], row: readonly Cell[], style: Style): string {
  const cells = columns.map(({ align, shrink }, index) => {
    const cell = row[index] ?? { text: '' };
    const width = widths[index] ?? 0;
    const text = shorten(cell.text, width, shrink);
    const padding = ' '.repeat(Math.max(0, width - textWidth(text)));
    const styled = cell.style === undefined || text === '' ? text : style(cell.style, text);
    return align === 'right' ? padding + styled : styled + padding;
  });
  return cells.join(GAP).trimEnd();
}
