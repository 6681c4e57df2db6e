import { BellRing, X } from 'lucide-react';
import { useState } from 'react';
import { useApp, useWindowState } from '../app-context.ts';
import { useNow } from '../hooks/use-now.ts';

/** What went wrong in Longshore itself: the latest, until it was read. */
export function AlarmNotice() {
  const { store, language } = useApp();
  const { m, f } = language;
  const alarm = useWindowState((state) => state.status?.alarms[0]);
  const [readAt, setReadAt] = useState<string | null>(null);
  const now = useNow(alarm !== undefined);
  if (alarm === undefined || (readAt !== null && alarm.at <= readAt)) return null;
  return (
    <section className="notice" role="note">
      <BellRing size={16} strokeWidth={1.75} aria-hidden />
      <div className="notice-words">
        <p>{m.alarms[alarm.kind]}</p>
        <p className="num">
          <time dateTime={alarm.at}>{f.ago(alarm.at, now)}</time>
          <button
            type="button"
            className="link"
            onClick={() => {
              store.dispatch({ type: 'open', id: alarm.operationId });
            }}
          >
            {m.alarms.show}
          </button>
        </p>
      </div>
      <button
        type="button"
        className="icon-button"
        aria-label={m.result.dismiss}
        onClick={() => {
          setReadAt(alarm.at);
        }}
      >
        <X size={14} aria-hidden />
      </button>
    </section>
  );
}
