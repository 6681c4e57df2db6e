import { CircleCheck, SearchX } from 'lucide-react';
import { useApp, useWindowState } from '../app-context.ts';
import type { QueueTab } from '../state/queue-lines.ts';
import { FirstFile } from './first-file.tsx';

export function NothingHere({ tab, filtered }: { tab: QueueTab; filtered: boolean }) {
  const { m } = useApp().language;
  const total = useWindowState(({ status }) =>
    status === null ? 0 : Object.values(status.counts).reduce((sum, count) => sum + count, 0),
  );
  if (filtered) {
    return (
      <div className="blank">
        <span className="blank-icon">
          <SearchX size={28} strokeWidth={1.25} aria-hidden />
        </span>
        <h1>{m.queue.nothingFound}</h1>
        <p>{m.queue.nothingFoundHint}</p>
      </div>
    );
  }
  if (total === 0) return <FirstFile />;
  return (
    <div className="blank">
      <span className="blank-icon" data-tone="ok">
        <CircleCheck size={28} strokeWidth={1.25} aria-hidden />
      </span>
      <h1>{m.queue.empty[tab]}</h1>
    </div>
  );
}
