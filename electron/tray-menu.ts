import type { EngineHostState } from '../src/protocol/bridge.ts';
import type { StatusView } from '../src/protocol/shapes.ts';
import type { ActiveLine } from './active-items.ts';
import type { Batch } from './batch.ts';
import type { Words } from './words.ts';

/** All that the tray shows, as values. */
export interface TrayModel {
  /** Null before the first answer of the engine. */
  readonly status: StatusView | null;
  readonly engine: EngineHostState;
  readonly batch: Batch;
  readonly active: readonly ActiveLine[];
  readonly now: Date;
  readonly words: Words;
}

export type TrayAction =
  /** A length in ms; "until tomorrow" is measured when it is chosen. */
  | { readonly kind: 'pause'; readonly length: number | 'until-tomorrow' | 'until-resume' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'open-folder'; readonly folder: string }
  | { readonly kind: 'open-window' }
  | { readonly kind: 'restart-engine' }
  | { readonly kind: 'quit' };

export type TrayMenuItem =
  | { readonly kind: 'line'; readonly label: string }
  | { readonly kind: 'separator' }
  | { readonly kind: 'action'; readonly label: string; readonly action: TrayAction }
  | { readonly kind: 'submenu'; readonly label: string; readonly items: readonly TrayMenuItem[] };

const minuteMs = 60_000;
const separator: TrayMenuItem = { kind: 'separator' };

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** "14:30", or "Sat 14:30" when it is not today, in the user's own way of writing times. */
function clockTime(at: Date, now: Date, words: Words): string {
  const sameDay = at.toDateString() === now.toDateString();
  return new Intl.DateTimeFormat(words.language === 'en' ? 'en-GB' : words.language, {
    ...(sameDay ? {} : { weekday: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
  }).format(at);
}

const rateUnits = ['B/s', 'kB/s', 'MB/s', 'GB/s'] as const;

/** Decimal units, as network rates are given: 3.4 MB/s. */
export function rateText(bytesPerSecond: number): string {
  let value = bytesPerSecond;
  let unit = 0;
  while (value >= 999.5 && unit < rateUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${rateUnits[unit] ?? ''}`;
}

/** Deletes that wait for a word, in all folders. */
function heldDeletes(status: StatusView): number {
  return status.folders.reduce((sum, { guard }) => sum + (guard?.count ?? 0), 0);
}

/** How many things wait for a person: operations, questions, frozen folders, a full disk, a wrong configuration. */
export function attentionCount(status: StatusView): number {
  const frozen = status.folders.filter((folder) => folder.state === 'frozen').length;
  const disk = isDiskLow(status) ? 1 : 0;
  const questions = status.folders.filter((folder) => folder.guard !== null).length;
  return (
    status.counts.failed +
    status.counts.conflict +
    frozen +
    questions +
    disk +
    (status.configProblems.length > 0 ? 1 : 0)
  );
}

export function isPaused(status: StatusView): boolean {
  return status.state === 'paused' || status.pausedUntil !== null;
}

function pausedLine(status: StatusView, now: Date, words: Words): string {
  const until = status.pausedUntil;
  if (until === null || until === 'forever') return words.paused;
  return words.pausedUntil(clockTime(new Date(until), now, words));
}

function isDiskLow(status: StatusView): boolean {
  return status.gates.some(({ gate }) => gate === 'disk-low');
}

/** Why everything waits, where it is neither a pause nor the network. */
function heldLine(status: StatusView, words: Words): string | null {
  for (const { gate, scope } of status.gates) {
    const held = scope === 'all' ? words.held[gate] : undefined;
    if (held !== undefined) return held;
  }
  return null;
}

function attentionLine(status: StatusView, words: Words): string | null {
  if (status.disk?.full === true) return words.diskFull;
  const deletes = heldDeletes(status);
  if (deletes > 0) return words.deletesHeld(deletes);
  const count = status.counts.failed + status.counts.conflict;
  if (count > 0) return words.attention(count);
  const frozen = status.folders.find((folder) => folder.state === 'frozen');
  if (frozen) return words.folderTrouble(frozen.name);
  if (isDiskLow(status)) return words.diskLow;
  return status.configProblems.length > 0 ? words.configTrouble : null;
}

function engineLine(engine: EngineHostState, words: Words): string {
  if (engine.state === 'failed') return words.engineFailed;
  return engine.state === 'restarting' ? words.restarting : words.starting;
}

/** How things stand, in one line: what keeps everything from going on first, then the work, then what needs a person. */
export function summaryLine({ status, engine, batch, now, words }: TrayModel): string {
  if (engine.state !== 'running' || status === null) return engineLine(engine, words);
  if (isPaused(status)) return pausedLine(status, now, words);
  if (status.disk?.full === true) return words.diskFull;
  if (status.state === 'offline') return words.offline(batch.outstanding);
  if (status.counts.running > 0) {
    const total = batch.done + batch.outstanding;
    const rate =
      status.bytesPerSecond >= 1 && status.work !== 'file.delete' ? ` · ${rateText(status.bytesPerSecond)}` : '';
    return words.working[status.work ?? 'mixed'](Math.min(batch.done + 1, total), total) + rate;
  }
  const attention = attentionLine(status, words);
  if (attention !== null) return attention;
  if (batch.outstanding === 0) return words.upToDate;
  const held = heldLine(status, words);
  return held === null ? words.waiting(batch.outstanding) : `${held} · ${words.waiting(batch.outstanding)}`;
}

function actionItem(label: string, action: TrayAction): TrayMenuItem {
  return { kind: 'action', label, action };
}

function pauseSubmenu(words: Words): TrayMenuItem {
  return {
    kind: 'submenu',
    label: words.pauseMenu,
    items: [
      actionItem(words.pause30Minutes, { kind: 'pause', length: 30 * minuteMs }),
      actionItem(words.pause2Hours, { kind: 'pause', length: 120 * minuteMs }),
      actionItem(words.pauseUntilTomorrow, { kind: 'pause', length: 'until-tomorrow' }),
      actionItem(words.pauseUntilResume, { kind: 'pause', length: 'until-resume' }),
    ],
  };
}

function folderItems(status: StatusView, words: Words): readonly TrayMenuItem[] {
  const [only, ...others] = status.folders;
  if (only === undefined) return [];
  if (others.length === 0) return [actionItem(words.openFolder, { kind: 'open-folder', folder: only.name })];
  return [
    {
      kind: 'submenu',
      label: words.openFolder,
      items: status.folders.map(({ name }) => actionItem(shorten(name, 60), { kind: 'open-folder', folder: name })),
    },
  ];
}

/** The tray's menu from top to bottom. */
export function trayMenu(model: TrayModel): readonly TrayMenuItem[] {
  const { status, engine, active, words } = model;
  const running = engine.state === 'running' && status !== null;
  const items: TrayMenuItem[] = [{ kind: 'line', label: summaryLine(model) }];
  if (!running && engine.message !== null) items.push({ kind: 'line', label: shorten(engine.message, 120) });
  if (running) {
    const attention = attentionLine(status, words);
    if (attention !== null) items.push(actionItem(attention, { kind: 'open-window' }));
    if (!isPaused(status)) {
      for (const { kind, name, percent } of active) {
        const short = shorten(name, 40);
        const doing = words.doing[kind]?.(short) ?? short;
        items.push({ kind: 'line', label: percent === null ? doing : words.progress(doing, percent) });
      }
    }
    items.push(separator, pauseSubmenu(words));
    if (isPaused(status)) items.push(actionItem(words.resume, { kind: 'resume' }));
    items.push(separator, ...folderItems(status, words));
  } else {
    items.push(separator);
    if (engine.state === 'failed') {
      items.push(actionItem(words.tryAgain, { kind: 'restart-engine' }));
    }
  }
  items.push(
    actionItem(words.openWindow, { kind: 'open-window' }),
    separator,
    actionItem(words.quit, { kind: 'quit' }),
  );
  return items;
}
