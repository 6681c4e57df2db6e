import { X } from 'lucide-react';
import { useCallback, useMemo } from 'react';
import { SECTION_STATES, SECTIONS } from '../../src/protocol/contract.ts';
import { useApp, useWindowState } from '../app-context.ts';
import { isDemo } from '../state/is-demo.ts';
import { queueLines } from '../state/queue-lines.ts';
import type { Section } from '../state/queue-sections.ts';
import { BulkBar } from './bulk-bar.tsx';
import { EngineDown } from './engine-down.tsx';
import { FirstFile } from './first-file.tsx';
import { NothingHere } from './nothing-here.tsx';
import { QueueGrid } from './queue-grid.tsx';
import { QueueSearch } from './queue-search.tsx';
import { QueueSkeleton } from './queue-skeleton.tsx';
import { QueueTabs, tabElementId } from './queue-tabs.tsx';

export function QueueView() {
  const { store, connection, commands, language } = useApp();
  const { m, f } = language;
  const queue = useWindowState((state) => state.queue);
  const tab = useWindowState((state) => state.tab);
  const filter = useWindowState((state) => state.filter);
  const counts = useWindowState((state) => state.status?.counts);
  const linked = useWindowState((state) => state.linked);
  const selecting = useWindowState((state) => state.selection.selected.size > 0);
  const lines = useMemo(() => queueLines(queue, tab), [queue, tab]);
  const filtered = filter.search !== '' || filter.folder !== null;

  const countOf = useCallback(
    (section: Section) => {
      const { rows, next, loaded } = queue[section];
      if (filtered) return loaded ? `${f.count(rows.length)}${next === null ? '' : '+'}` : null;
      if (counts === undefined) return null;
      return f.count(SECTION_STATES[section].reduce((sum, state) => sum + counts[state], 0));
    },
    [queue, counts, filtered, f],
  );

  const loaded = tab === 'all' ? SECTIONS.every((section) => queue[section].loaded) : queue[tab].loaded;
  const failures = counts?.failed ?? 0;
  // The demo has sent its own welcome before anyone looked: whoever sees only that has yet to hear what to do.
  const newcomer = useWindowState(
    ({ status }) =>
      status !== null &&
      isDemo(status.engine) &&
      Object.values(status.counts).reduce((sum, count) => sum + count, 0) <= 1,
  );
  const welcomes = newcomer && tab === 'all' && !filtered && lines.length > 0;
  return (
    <div className="queue" data-stale={!linked && loaded}>
      <div className="queue-bar">
        <QueueTabs countOf={countOf} />
        {filter.folder === null ? null : (
          <button
            type="button"
            className="chip"
            title={m.queue.clearFolder}
            aria-label={`${m.queue.folderFilter(filter.folder)}: ${m.queue.clearFolder}`}
            onClick={() => {
              store.dispatch({ type: 'filter', filter: { ...filter, folder: null } });
              connection.reload();
            }}
          >
            {m.queue.folderFilter(filter.folder)}
            <X size={12} aria-hidden />
          </button>
        )}
        {tab === 'attention' && failures > 1 && !filtered ? (
          <button type="button" className="button button-small" onClick={() => void commands.retryAllFailed()}>
            {m.queue.retryAll}
          </button>
        ) : null}
        <QueueSearch />
      </div>
      <div
        id="queue-panel"
        className="queue-panel"
        role="tabpanel"
        aria-labelledby={tabElementId(tab)}
        data-welcomes={welcomes}
      >
        {loaded ? (
          lines.length > 0 ? (
            <QueueGrid key={tab} lines={lines} countOf={countOf} />
          ) : (
            <NothingHere tab={tab} filtered={filtered} />
          )
        ) : linked ? (
          <QueueSkeleton />
        ) : (
          <EngineDown />
        )}
        {welcomes && loaded ? <FirstFile /> : null}
        {selecting ? <BulkBar lines={lines} /> : null}
      </div>
    </div>
  );
}
