import { LifeBuoy } from 'lucide-react';
import { useApp, useWindowState } from '../app-context.ts';
import { QueueSkeleton } from './queue-skeleton.tsx';

/** Instead of the queue while nothing was ever heard of the engine. */
export function EngineDown() {
  const { m } = useApp().language;
  const host = useWindowState((state) => state.host);
  if (host.state === 'starting' || host.state === 'running') return <QueueSkeleton />;
  return (
    <div className="blank">
      <span className="blank-icon">
        <LifeBuoy size={28} strokeWidth={1.25} aria-hidden />
      </span>
      <h1>{m.down.title}</h1>
      <p>{host.state === 'failed' ? m.down.failedHint : m.down.hint}</p>
      {host.message === null ? null : <p className="blank-small">{host.message}</p>}
    </div>
  );
}
