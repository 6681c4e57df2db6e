/**
 * The loaded rows of the queue, by section. Pure: pages and changes go in, a new queue comes out, and sections that did
 * not change keep their identity, so that nothing is drawn twice.
 */
import { SECTION_STATES, SECTIONS } from '../../src/protocol/contract.ts';
import type { OperationView } from '../../src/protocol/shapes.ts';

export type Section = (typeof SECTIONS)[number];

export interface SectionRows {
  readonly rows: readonly OperationView[];
  /** Cursor of the next page; null when all are loaded. */
  readonly next: string | null;
  /** False until the first page has arrived. */
  readonly loaded: boolean;
  readonly loading: boolean;
}
export type Queue = Readonly<Record<Section, SectionRows>>;

export interface QueueFilter {
  readonly search: string;
  readonly folder: string | null;
}

/** Rows to keep per section at most; beyond it the search narrows. About 1 KB each. */
const MAX_LOADED_ROWS = 200_000;

const EMPTY_SECTION: SectionRows = { rows: [], next: null, loaded: false, loading: false };

export const EMPTY_QUEUE: Queue = {
  attention: EMPTY_SECTION,
  active: EMPTY_SECTION,
  waiting: EMPTY_SECTION,
  done: EMPTY_SECTION,
};

const SECTION_BY_STATE = new Map<string, Section>(
  SECTIONS.flatMap((section) => SECTION_STATES[section].map((state) => [state, section] as const)),
);

export function sectionOf(state: OperationView['state']): Section {
  return SECTION_BY_STATE.get(state) ?? 'done';
}

/** Work is listed in the order in which it is done; results and trouble are listed newest first. */
export function orderOf(section: Section): 'oldest' | 'newest' {
  return section === 'attention' || section === 'done' ? 'newest' : 'oldest';
}

/** Whether the window's filter lets an operation through; the engine filters pages by the same rule. */
function matchesFilter(op: OperationView, filter: QueueFilter): boolean {
  if (filter.folder !== null && op.folder !== filter.folder) return false;
  if (filter.search === '') return true;
  const wanted = filter.search.toLowerCase();
  return [op.path, op.resourceKey].some((text) => text?.toLowerCase().includes(wanted) === true);
}

function withRows(section: SectionRows, rows: readonly OperationView[]): SectionRows {
  return { ...section, rows };
}

/** Appends what follows the loaded rows (`head` false), or replaces them by a fresh beginning (`head` true). */
export function applyPage(
  queue: Queue,
  section: Section,
  page: { readonly items: readonly OperationView[]; readonly next: string | null },
  head: boolean,
): Queue {
  const before = queue[section];
  const known = head ? new Set<string>() : new Set(before.rows.map((row) => row.id));
  const added = page.items.filter((item) => !known.has(item.id));
  const rows = head ? page.items : [...before.rows, ...added];
  const next = rows.length >= MAX_LOADED_ROWS ? null : page.next;
  const arrived = new Set(page.items.map((item) => item.id));
  const result = { ...queue, [section]: { rows, next, loaded: true, loading: false } };
  for (const other of SECTIONS) {
    if (other === section) continue;
    const { rows: others } = result[other];
    if (others.some((row) => arrived.has(row.id))) {
      result[other] = withRows(
        result[other],
        others.filter((row) => !arrived.has(row.id)),
      );
    }
  }
  return result;
}

/** Where a row belongs among rows that are sorted by id, which is by age. Looks from the end: most are new. */
function insertByAge(rows: OperationView[], op: OperationView, open: boolean): void {
  const last = rows.at(-1);
  // What lies beyond the loaded rows comes with a later page.
  if (open && (last === undefined || op.id > last.id)) return;
  let at = rows.length;
  while (at > 0) {
    const before = rows[at - 1];
    if (before === undefined || before.id <= op.id) break;
    at -= 1;
  }
  rows.splice(at, 0, op);
}

function applyToSection(
  section: Section,
  before: SectionRows,
  changed: ReadonlyMap<string, OperationView>,
  filter: QueueFilter,
): SectionRows {
  if (!before.loaded) return before;
  const here = (op: OperationView) => sectionOf(op.state) === section && matchesFilter(op, filter);
  const seen = new Set<string>();
  let touched = false;
  const rows: OperationView[] = [];
  for (const row of before.rows) {
    const now = changed.get(row.id);
    if (now === undefined) {
      rows.push(row);
      continue;
    }
    touched = true;
    seen.add(row.id);
    if (here(now)) rows.push(now);
  }
  const arrivals = [...changed.values()].filter((op) => !seen.has(op.id) && here(op));
  if (arrivals.length > 0) touched = true;
  if (!touched) return before;
  if (orderOf(section) === 'newest') {
    arrivals.sort((a, b) => b.updatedAt.localeCompare(a.updatedAt));
    return withRows(before, [...arrivals, ...rows].slice(0, MAX_LOADED_ROWS));
  }
  for (const op of arrivals) insertByAge(rows, op, before.next !== null);
  return withRows(before, rows.slice(0, MAX_LOADED_ROWS));
}

/** Applies operations as they are now: in place, into another section, or out of sight. */
export function applyChanges(queue: Queue, operations: readonly OperationView[], filter: QueueFilter): Queue {
  if (operations.length === 0) return queue;
  const changed = new Map(operations.map((op) => [op.id, op]));
  const result = { ...queue };
  let touched = false;
  for (const section of SECTIONS) {
    const after = applyToSection(section, queue[section], changed, filter);
    if (after !== queue[section]) {
      result[section] = after;
      touched = true;
    }
  }
  return touched ? result : queue;
}

export function markLoading(queue: Queue, section: Section, loading: boolean): Queue {
  return { ...queue, [section]: { ...queue[section], loading } };
}
