import type { EventView } from '../protocol/shapes.ts';
import { formatClock } from './format.ts';
import { STATE_STYLE } from './operation-table.ts';
import { printable } from './printable.ts';
import type { Style } from './style.ts';

/** One event as a line for people. */
export function eventLine(event: EventView, style: Style, time: (iso: string) => string = formatClock): string {
  const parts = [style('faint', time(event.at)), printable(event.type)];
  if (event.to !== null) {
    const to = style(STATE_STYLE[event.to], event.to);
    parts.push(event.from === null || event.from === event.to ? to : `${event.from} → ${to}`);
  }
  const subject = event.resourceKey ?? event.operationId;
  if (subject !== null) parts.push(printable(subject));
  const words = eventWords(event);
  if (words !== null) parts.push(style('faint', printable(words)));
  return parts.join('  ');
}

/** The sentence that an event carries, if any; its length is bounded because it can quote a service. */
function eventWords({ details }: EventView): string | null {
  const result = details['result'] === 'uploaded' ? undefined : details['result'];
  const words = [details['message'], details['reason'], details['code'], result, details['decision']].find(
    (value) => typeof value === 'string',
  );
  return typeof words === 'string' && words !== '' ? words.slice(0, 300) : null;
}
