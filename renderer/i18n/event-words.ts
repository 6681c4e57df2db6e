import type { EventView } from '../../src/protocol/shapes.ts';
import { errorEntry, isErrorCode } from '../../src/core/error-table.ts';
import type { Language } from './language.ts';

type PlainWord = Exclude<keyof Language['m']['events'], 'attempt' | 'external' | 'kept' | 'strategy'>;

function isPlainWord(word: string, language: Language): word is PlainWord {
  return typeof (language.m.events as Readonly<Record<string, unknown>>)[word] === 'string' && word !== 'external';
}

/** The last part of an event's type ("operation.fail" → "fail"); types that are not known are shown as they are. */
export function eventTitle(event: EventView, language: Language): string {
  const word = event.type.split(/[.:]/).at(-1) ?? event.type;
  if (isPlainWord(word, language)) return language.m.events[word];
  if (event.to !== null) return language.m.phases[event.to] ?? event.type;
  return event.type;
}

/** What the event's details add, in words: the attempt's number and the error's sentence. */
export function eventDetail(event: EventView, { m, f, code }: Language): string {
  const words: string[] = [];
  const attempt = event.details['attempt'];
  if (typeof attempt === 'number') words.push(m.events.attempt(f.count(attempt)));
  const errorCode = event.details['code'];
  if (typeof errorCode === 'string')
    words.push(isErrorCode(errorCode) ? errorEntry(errorCode)[code].message : errorCode);
  // What the engine gives as a reason is English.
  const reason = event.details['reason'];
  if (code === 'en' && event.to === 'superseded' && typeof reason === 'string') words.push(reason);
  const kept = event.details['keep'];
  if (kept === 'local' || kept === 'remote' || kept === 'both') words.push(m.events.kept[kept]);
  const strategy = event.details['strategy'];
  if (typeof strategy === 'string') words.push(m.events.strategy(strategy));
  if (event.source === 'external') words.push(m.events.external);
  return words.join(' · ');
}
