/** The live progress view as lines: a pure function of what is known, the time and the size of the terminal. */
import type { OperationView, StatusView } from '../protocol/shapes.ts';
import { sameTrouble } from './attention.ts';
import { formatBytes, formatCount, formatDuration, formatRelative, formatUntil } from './format.ts';
import type { LiveModel } from './live-model.ts';
import { operationName, operationNote, percentDone } from './operation-table.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';
import { shorten, textWidth } from './text-width.ts';

export interface LiveSize {
  readonly columns: number;
  readonly rows: number;
}

/** At most `rows` lines, none wider than `columns`. */
export function renderLive(model: LiveModel, size: LiveSize, style: Style, nowMs: number): readonly string[] {
  const { status } = model;
  if (status === null) return ['Waiting for the engine …'];
  const fit = (text: string) => shorten(text, size.columns);
  const head = [
    headline(status, size, style),
    fit(totals(status)),
    ...troubles(status, nowMs).map((line) => style('warn', fit(line))),
  ];
  const attention = attentionSummary(status, nowMs).map((line) => style('bad', fit(line)));
  const recent = model.recent.map((operation) => style('faint', fit(`  ✓ ${operationName(operation)}`)));
  const room = Math.max(0, size.rows - head.length - Math.min(attention.length, 4));
  const active = activeLines(model.active, size, style, Math.max(1, room));
  return [...head, ...active, ...attention, ...recent].slice(0, size.rows);
}

const STATE_WORDS = {
  running: ['running', 'good'],
  paused: ['paused', 'warn'],
  offline: ['offline', 'warn'],
  error: ['needs attention', 'bad'],
} as const;

function headline({ state, counts, pausedUntil }: StatusView, { columns }: LiveSize, style: Style): string {
  const [plainWord, name] = STATE_WORDS[state];
  const isIdle = state === 'running' && counts.running + counts.pending + counts.waiting === 0;
  const word = isIdle ? 'up to date' : plainWord;
  const paused = state === 'paused' && pausedUntil !== null ? ` ${formatUntil(pausedUntil)}` : '';
  const plain = `Longshore · ${word}${paused}   ${countWords(counts)}`;
  // Cut as plain text: styles have no width, and must not be cut in two.
  const cut = shorten(plain, columns);
  const start = `Longshore · ${word}`;
  if (!cut.startsWith(start)) return cut;
  return `${style('strong', 'Longshore')} · ${style(name, word)}${cut.slice(start.length)}`;
}

function countWords(counts: StatusView['counts']): string {
  const words: string[] = [];
  if (counts.running + counts.compensating > 0) words.push(`${counts.running + counts.compensating} active`);
  if (counts.pending + counts.waiting > 0)
    words.push(`${(counts.pending + counts.waiting).toLocaleString('en')} waiting`);
  if (counts.failed > 0) words.push(`${counts.failed.toLocaleString('en')} failed`);
  if (counts.conflict > 0) words.push(formatCount(counts.conflict, 'conflict'));
  words.push(`${counts.succeeded.toLocaleString('en')} done`);
  return words.join(' · ');
}

function totals({ bytes, bytesPerSecond, etaSeconds }: StatusView): string {
  const words = [`${formatBytes(bytes.done)} sent`];
  if (bytes.pending > 0) words.unshift(`${formatBytes(bytes.pending)} to go`);
  if (bytesPerSecond > 0) words.push(`${formatBytes(bytesPerSecond)}/s`);
  if (etaSeconds !== null && bytes.pending > 0) words.push(`about ${formatDuration(etaSeconds * 1000)} left`);
  return words.join(' · ');
}

function troubles(
  { gates, folders, destinations, configProblems, alarms }: StatusView,
  nowMs: number,
): readonly string[] {
  const lines = gates
    .filter(({ gate }) => gate !== 'paused')
    .map(({ gate, scope, reason, until }) => {
      const what = gate === 'unreachable' ? 'Next try' : 'Until';
      const next = until === null ? '' : ` ${what} ${formatRelative(until, nowMs)}.`;
      return `${printable(scope)}: ${printable(reason)}${next}`;
    });
  for (const { name, error, degraded } of folders) {
    if (error !== null) lines.push(`Folder ${printable(name)}: ${printable(error.message)} ${printable(error.hint)}`);
    else if (degraded !== null) lines.push(`Folder ${printable(name)}: ${printable(degraded)}`);
  }
  const gated = new Set(gates.map(({ scope }) => scope));
  for (const { name, state, error } of destinations) {
    if (state === 'unreachable' && error !== null && !gated.has(name))
      lines.push(`${printable(name)}: ${printable(error.message)}`);
  }
  const [alarm] = alarms;
  if (alarm !== undefined) lines.push(`${printable(alarm.operationId)}: ${printable(alarm.message)}`);
  if (configProblems.length > 0) {
    lines.push(
      `The configuration file has ${formatCount(configProblems.length, 'problem')}; the last good one is in force.`,
    );
  }
  return lines.slice(0, 6);
}

function attentionSummary({ attention, counts }: StatusView, nowMs: number): readonly string[] {
  const groups = sameTrouble(attention, nowMs).slice(0, 3);
  const shown = groups.map(([first, ...others]) => {
    const also = others.length === 0 ? '' : ` and ${formatCount(others.length, 'more', 'more')}`;
    return `! ${operationName(first)}${also}  ${operationNote(first, nowMs)}`;
  });
  const more = counts.failed + counts.conflict - groups.flat().length;
  return more > 0 && shown.length > 0
    ? [...shown, `! and ${more.toLocaleString('en')} more: longshore ls --state failed,conflict`]
    : shown;
}

const BAR_COLUMNS = 16;
const NAME_COLUMNS = 48;

function activeLines(active: readonly OperationView[], size: LiveSize, style: Style, room: number): readonly string[] {
  const shown = active.slice(0, active.length > room ? room - 1 : room);
  const tails = shown.map(activeFacts);
  // One width for all, so that the bars stand below each other.
  const tailColumns = Math.max(0, ...tails.map(textWidth));
  const nameColumns = Math.max(8, Math.min(NAME_COLUMNS, size.columns - 5 - BAR_COLUMNS - tailColumns));
  const lines = shown.map((operation, index) => {
    const percent = percentDone(operation);
    const name = shorten(operationName(operation), nameColumns, 'middle');
    const bar = percent === null ? ' '.repeat(BAR_COLUMNS) : progressBar(percent);
    const start = `  ${name}${' '.repeat(Math.max(0, nameColumns - textWidth(name)))}  `;
    const plain = `${start}${bar} ${tails[index] ?? ''}`;
    if (textWidth(plain) > size.columns) return shorten(plain, size.columns);
    return `${start}${style('busy', bar)} ${tails[index] ?? ''}`;
  });
  const hidden = active.length - shown.length;
  return hidden > 0 ? [...lines, style('faint', shorten(`  … and ${hidden} more`, size.columns))] : lines;
}

function activeFacts(operation: OperationView): string {
  const percent = percentDone(operation);
  const { bytesTotal, bytesPerSecond, etaSeconds } = operation;
  const facts: string[] = [];
  if (percent !== null) facts.push(`${percent} %`.padStart(5));
  if (bytesTotal !== null) facts.push(formatBytes(bytesTotal).padStart(8));
  if (bytesPerSecond !== null && bytesPerSecond > 0) facts.push(`${formatBytes(bytesPerSecond)}/s`.padStart(10));
  if (etaSeconds !== null) facts.push(formatDuration(etaSeconds * 1000));
  return facts.length === 0 ? printable(operation.phase) : facts.join('  ');
}

function progressBar(percent: number): string {
  const filled = Math.round((percent / 100) * BAR_COLUMNS);
  return '█'.repeat(filled) + '░'.repeat(BAR_COLUMNS - filled);
}
