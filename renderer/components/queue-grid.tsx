import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from 'react';
import { useApp, useWindowState } from '../app-context.ts';
import { useGridKeys } from '../hooks/use-grid-keys.ts';
import { useScrollAnchor } from '../hooks/use-scroll-anchor.ts';
import type { QueueLine, QueueLines } from '../state/queue-lines.ts';
import type { Section } from '../state/queue-sections.ts';
import { indexOfId, moveTo, toggle } from '../state/selection.ts';
import { QueueHeading } from './queue-heading.tsx';
import { QueueRow, rowElementId } from './queue-row.tsx';

/** px; fixed per kind of line, so that nothing has to be measured. Rows that need a person have one more line. */
const HEIGHTS = { row: 60, trouble: 82, heading: 44, 'show-all': 40, loading: 60 } as const;
/** The next page is asked for when this many rows are left below. */
const LOAD_AHEAD_ROWS = 40;

function heightOf(line: QueueLine | null): number {
  if (line === null) return HEIGHTS.row;
  if (line.kind === 'row') return line.section === 'attention' ? HEIGHTS.trouble : HEIGHTS.row;
  return HEIGHTS[line.kind];
}

interface QueueGridProps {
  readonly lines: QueueLines;
  readonly countOf: (section: Section) => string | null;
}

/** The virtual list: a grid of one column of items, of which only what can be seen exists. */
export function QueueGrid({ lines, countOf }: QueueGridProps) {
  const { store, connection, language } = useApp();
  const selection = useWindowState((state) => state.selection);
  const tab = useWindowState((state) => state.tab);
  const scroller = useRef<HTMLDivElement>(null);
  const current = useRef(lines);
  useLayoutEffect(() => {
    current.current = lines;
  }, [lines]);

  // The compiler leaves this component alone, which is right: the virtualizer tells by itself when to draw.
  // oxlint-disable-next-line react/incompatible-library
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => heightOf(lines.at(index)),
    overscan: 10,
  });
  // Within one section all lines are equally high; only the overview's layout depends on its lines.
  const layout = useMemo(() => {
    if (tab !== 'all') return tab;
    return Array.from({ length: lines.length }, (_, index) => heightOf(lines.at(index))).join(' ');
  }, [lines, tab]);
  useLayoutEffect(() => {
    virtualizer.measure();
  }, [layout, virtualizer]);
  useScrollAnchor(virtualizer, lines);

  const drawn = virtualizer.getVirtualItems();
  const lastDrawn = drawn.at(-1)?.index ?? 0;
  useEffect(() => {
    if (tab !== 'all' && lastDrawn >= lines.length - LOAD_AHEAD_ROWS) connection.loadMore(tab);
  }, [tab, lastDrawn, lines.length, connection]);

  const focusIndex = useMemo(() => indexOfId(lines, selection.focus, selection.focusIndex), [lines, selection]);
  const onKeyDown = useGridKeys(current, virtualizer);
  const onRowClick = useCallback(
    (index: number, id: string, how: 'open' | 'toggle' | 'range') => {
      const before = store.get().selection;
      if (how === 'toggle') {
        store.dispatch({ type: 'select', selection: toggle(before, current.current, id) });
        return;
      }
      store.dispatch({ type: 'select', selection: moveTo(before, current.current, index, how === 'range') });
      if (how === 'open') store.dispatch({ type: 'open', id });
    },
    [store],
  );

  return (
    <div
      ref={scroller}
      className="grid"
      role="grid"
      tabIndex={0}
      aria-label={language.m.queue.label}
      aria-description={language.m.queue.keys}
      aria-multiselectable
      aria-rowcount={lines.length}
      aria-colcount={3}
      aria-activedescendant={focusIndex >= 0 && selection.focus !== null ? rowElementId(selection.focus) : undefined}
      data-selecting={selection.selected.size > 0}
      onKeyDown={onKeyDown}
    >
      <div className="grid-space" role="presentation" style={{ height: virtualizer.getTotalSize() }}>
        {drawn.map(({ index, start, size }) => {
          const line = lines.at(index);
          if (line === null) return null;
          return line.kind === 'row' ? (
            <QueueRow
              key={line.op.id}
              op={line.op}
              index={index}
              startPx={start}
              heightPx={size}
              selected={selection.selected.has(line.op.id)}
              focused={index === focusIndex}
              onClick={onRowClick}
            />
          ) : (
            <QueueHeading
              key={`${line.kind}-${line.section}`}
              line={line}
              index={index}
              startPx={start}
              heightPx={size}
              count={countOf(line.section)}
            />
          );
        })}
      </div>
    </div>
  );
}
