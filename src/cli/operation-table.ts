import type { State } from '../core/states.ts';
import type { OperationView } from '../protocol/shapes.ts';
import { formatBytes, formatRelative, formatUntil, withLocalTimes } from './format.ts';
import { printable } from './printable.ts';
import type { StyleName } from './style.ts';
import type { Cell, Column } from './table.ts';

export const STATE_STYLE = {
  pending: 'faint',
  running: 'busy',
  waiting: 'warn',
  conflict: 'bad',
  failed: 'bad',
  compensating: 'warn',
  succeeded: 'good',
  cancelled: 'faint',
  superseded: 'faint',
} as const satisfies Record<State, StyleName>;

export const OPERATION_COLUMNS: readonly Column[] = [
  { title: 'ID' },
  { title: 'STATE' },
  { title: 'WHAT', shrink: 'middle' },
  { title: 'DONE', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'UPDATED' },
  { title: 'NOTE', shrink: 'end' },
];

export function operationRow(operation: OperationView, nowMs: number): readonly Cell[] {
  const { state, bytesTotal } = operation;
  const done = state === 'running' || state === 'waiting' ? percentDone(operation) : null;
  return [
    { text: operation.id },
    { text: state, style: STATE_STYLE[state] },
    { text: operationName(operation) },
    { text: done === null ? '' : `${done} %` },
    { text: bytesTotal === null ? '' : formatBytes(bytesTotal) },
    { text: formatRelative(operation.updatedAt, nowMs), style: 'faint' },
    { text: operationNote(operation, nowMs) },
  ];
}

/** An upload is what people expect; whatever else happens to a file is said. */
const FILE_VERB: Partial<Record<OperationView['kind'], string>> = {
  'file.delete': 'delete ',
  'file.move': 'move to ',
  'file.download': 'download ',
};

/** What a person knows it by: the file in its folder and what is done with it, or the call. */
export function operationName({ kind, folder, path, resourceKey, movedFrom }: OperationView): string {
  if (path !== null) {
    const was = movedFrom === undefined ? '' : ` (was ${movedFrom})`;
    return printable(`${FILE_VERB[kind] ?? ''}${folder === null ? path : `${folder}: ${path}`}${was}`);
  }
  return printable(resourceKey === null ? kind : `${kind} ${resourceKey}`);
}

/** 0 to 100, or null when the size is not known. 100 only when all is done. */
export function percentDone({ bytesDone, bytesTotal }: OperationView): number | null {
  if (bytesTotal === null || bytesTotal === 0) return null;
  return Math.max(0, Math.min(100, Math.floor((bytesDone / bytesTotal) * 100)));
}

/** Why it is where it is: its error, what holds it back, what comes next. */
export function operationNote(operation: OperationView, nowMs: number): string {
  const { state, error, gate, dueAt, pausedUntil, leftInPlace } = operation;
  const next = operation.next === null ? null : withLocalTimes(operation.next);
  // What was wrong with it is of no account any more.
  if (state === 'superseded') return 'something newer took its place';
  if (leftInPlace !== undefined) return printable(leftInPlaceWords(leftInPlace, nowMs));
  if (state === 'succeeded' && operation.storedAs !== undefined)
    return printable(`a copy beside theirs: ${operation.storedAs}`);
  if (error !== null) return printable(`${error.message} (${error.code})${next === null ? '' : ` ${next}`}`);
  if (pausedUntil !== null) return `paused ${formatUntil(pausedUntil)}`;
  if (gate !== null) return printable(next === null ? gate : `${gate}: ${next}`);
  if (next !== null) return printable(next);
  return dueAt === null ? '' : `next try ${formatRelative(dueAt, nowMs)}`;
}

/** The upload is done; the wish that was to follow is not. */
function leftInPlaceWords(
  { action, error, tryAgainAt }: NonNullable<OperationView['leftInPlace']>,
  nowMs: number,
): string {
  const what = action === 'trash' ? 'not moved to the trash yet' : 'not archived yet';
  const said =
    error.detail === null || error.detail === '' || error.detail === error.message ? '' : ` (${error.detail})`;
  const due =
    Date.parse(tryAgainAt) <= nowMs + 1000 ? 'it is tried again now' : `next try ${formatRelative(tryAgainAt, nowMs)}`;
  return `uploaded, but ${what}: ${error.message}${said} ${error.hint} It stays where it is; ${due}.`;
}
