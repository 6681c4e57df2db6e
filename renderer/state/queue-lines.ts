import { SECTIONS } from '../../src/protocol/contract.ts';
import type { OperationView } from '../../src/protocol/shapes.ts';
import type { Queue, Section } from './queue-sections.ts';
import type { Lines } from './selection.ts';

export type QueueTab = 'all' | Section;

export type QueueLine =
  | { readonly kind: 'row'; readonly op: OperationView; readonly section: Section }
  | { readonly kind: 'heading'; readonly section: Section }
  | { readonly kind: 'show-all'; readonly section: Section }
  | { readonly kind: 'loading'; readonly section: Section };

export interface QueueLines extends Lines {
  at(index: number): QueueLine | null;
}

/** How many rows of each section the overview shows; the rest is behind "show all". */
const OVERVIEW_ROWS = { attention: 10, active: 12, waiting: 8, done: 12 } as const satisfies Record<Section, number>;

function overview(queue: Queue): QueueLines {
  const lines: QueueLine[] = [];
  for (const section of SECTIONS) {
    const { rows, next } = queue[section];
    if (rows.length === 0) continue;
    lines.push({ kind: 'heading', section });
    const shown = rows.slice(0, OVERVIEW_ROWS[section]);
    for (const op of shown) lines.push({ kind: 'row', op, section });
    if (rows.length > shown.length || next !== null) lines.push({ kind: 'show-all', section });
  }
  return {
    length: lines.length,
    at: (index) => lines[index] ?? null,
    idAt(index) {
      const line = lines[index];
      return line?.kind === 'row' ? line.op.id : null;
    },
  };
}

/** One section; lines are made on demand, because there may be a hundred thousand. */
function oneSection(queue: Queue, section: Section): QueueLines {
  const { rows, next } = queue[section];
  return {
    length: rows.length + (next === null ? 0 : 1),
    at(index) {
      const op = rows[index];
      if (op !== undefined) return { kind: 'row', op, section };
      return index === rows.length && next !== null ? { kind: 'loading', section } : null;
    },
    idAt: (index) => rows[index]?.id ?? null,
  };
}

export function queueLines(queue: Queue, tab: QueueTab): QueueLines {
  return tab === 'all' ? overview(queue) : oneSection(queue, tab);
}
