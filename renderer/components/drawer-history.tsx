import type { EventView } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { eventDetail, eventTitle } from '../i18n/event-words.ts';

const TONES: Partial<Record<NonNullable<EventView['to']>, string>> = {
  succeeded: 'ok',
  failed: 'bad',
  conflict: 'warn',
  waiting: 'warn',
};

/** What happened, newest first. */
export function DrawerHistory({ events }: { events: readonly EventView[] }) {
  const { language } = useApp();
  const { m, f } = language;
  const newestFirst = events.toSorted((a, b) => b.seq - a.seq);
  return (
    <section>
      <h3>{m.drawer.history}</h3>
      {newestFirst.length === 0 ? <p className="quiet">{m.drawer.noHistory}</p> : null}
      <ol className="history">
        {newestFirst.map((event) => {
          const more = eventDetail(event, language);
          return (
            <li key={event.seq} data-tone={event.to === null ? undefined : TONES[event.to]}>
              <span className="history-title">{eventTitle(event, language)}</span>
              <time className="num" dateTime={event.at}>
                {f.dateTime(event.at)}
              </time>
              {more === '' ? null : <span className="history-more">{more}</span>}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
