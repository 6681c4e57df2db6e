import type { OperationView } from '../../src/protocol/shapes.ts';
import { errorWords } from './error-words.ts';
import type { Language } from './language.ts';

export interface RowWords {
  /** What is going on or went wrong. */
  readonly main: string;
  /** What Longshore does next, or what the reader can do; empty when nothing is to be said. */
  readonly next: string;
}

/** What Longshore does next: from the facts where they are known, so that it counts down and is in every language. */
export function nextWords(op: OperationView, nowMs: number, { m, f, code }: Language): string {
  if (op.state === 'waiting' && op.dueAt !== null) {
    const seconds = (Date.parse(op.dueAt) - nowMs) / 1000;
    return seconds < 0.5 ? m.row.retryNow : m.row.retryIn(f.duration(seconds));
  }
  // The engine's own sentence is English, and its times are UTC.
  return code === 'en' ? (op.next ?? '').replaceAll(UTC_TIME, (time) => f.clock(time, nowMs)) : '';
}

const UTC_TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g;

/** A conflict ended with the other side's version: nothing of ours was sent. */
function wasLeftOut({ externalId, bytesDone, bytesTotal }: OperationView): boolean {
  return externalId === null && bytesDone === 0 && bytesTotal !== null && bytesTotal > 0;
}

function doneWords(op: OperationView, { m }: Language): string {
  switch (op.kind) {
    case 'file.upload':
      if (op.storedAs !== undefined) return m.row.beside(op.storedAs);
      return wasLeftOut(op) ? m.row.theirsKept : m.row.inStorage;
    case 'file.delete':
      return m.row.deleted;
    case 'file.move':
      return m.row.moved;
    case 'file.download':
      return m.row.downloaded;
    case 'api.call':
      return m.row.callDone;
    case 'flow.run':
      return m.row.flowDone;
  }
}

/** What was to follow the upload and could not be done. */
function leftWords({ leftInPlace }: OperationView, language: Language): string | null {
  if (leftInPlace === undefined) return null;
  const { m } = language;
  const why = errorWords(leftInPlace.error, language).message;
  return leftInPlace.action === 'archive' ? m.row.notArchived(why) : m.row.notTrashed(why);
}

function unverifiedWords({ verified }: OperationView, { m }: Language): string {
  return verified === false ? m.row.unverified : '';
}

export function phaseWords(op: OperationView, { m }: Language): string {
  return m.phases[op.phase] ?? op.phase;
}

function openWords(op: OperationView, nowMs: number, language: Language): RowWords {
  const { m, f } = language;
  if (op.pausedUntil !== null) {
    const main =
      op.pausedUntil === 'forever' ? m.row.pausedItem : m.row.pausedItemUntil(f.clock(op.pausedUntil, nowMs));
    return { main, next: '' };
  }
  if (op.gate !== null) return { main: m.gates[op.gate], next: nextWords(op, nowMs, language) };
  if (op.error !== null) {
    return { main: errorWords(op.error, language).message, next: nextWords(op, nowMs, language) };
  }
  if (op.state === 'waiting') return { main: nextWords(op, nowMs, language), next: '' };
  return { main: m.row.queued, next: '' };
}

/** The sentences under a row's name, for all states but a running transfer, which shows numbers. */
export function rowWords(op: OperationView, nowMs: number, language: Language): RowWords {
  const { m } = language;
  switch (op.state) {
    case 'failed':
    case 'conflict': {
      if (op.error === null) return { main: phaseWords(op, language), next: op.next ?? '' };
      const { message, hint: general } = errorWords(op.error, language);
      const hint = op.kind === 'file.delete' && op.state === 'conflict' ? m.row.deletedHere : general;
      // What Longshore will do is only said in English by the engine; the hint says what the reader can do.
      const next = language.code === 'en' && op.next !== null && op.next !== hint ? `${op.next} ` : '';
      const was = op.movedFrom === undefined ? '' : `${m.row.movedFrom(op.movedFrom)} `;
      return { main: message, next: `${was}${next}${hint}` };
    }
    case 'pending':
    case 'waiting':
      return openWords(op, nowMs, language);
    case 'running':
      return { main: phaseWords(op, language), next: '' };
    case 'compensating':
      return { main: m.row.undoing, next: nextWords(op, nowMs, language) };
    case 'succeeded':
      return { main: doneWords(op, language), next: leftWords(op, language) ?? unverifiedWords(op, language) };
    case 'cancelled':
      return { main: m.row.cancelled[op.kind], next: '' };
    case 'superseded': {
      const replaced = op.kind === 'file.upload' || op.kind === 'file.move';
      return { main: replaced ? m.row.superseded : m.row.notNeeded, next: '' };
    }
  }
}
