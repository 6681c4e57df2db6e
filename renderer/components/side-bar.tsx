import { Anchor, FolderTree, Inbox } from 'lucide-react';
import type { ReactNode } from 'react';
import { useApp, useWindowState } from '../app-context.ts';
import type { ViewName } from '../state/window-state.ts';
import { SideDestinations } from './side-destinations.tsx';
import { SideFolders } from './side-folders.tsx';

function NavItem({ view, icon, label, count }: { view: ViewName; icon: ReactNode; label: string; count?: string }) {
  const { store } = useApp();
  const current = useWindowState((state) => state.view === view);
  return (
    <li>
      <button
        type="button"
        className="nav-item"
        aria-current={current ? 'page' : undefined}
        onClick={() => {
          store.dispatch({ type: 'view', view });
        }}
      >
        {icon}
        <span className="nav-label">{label}</span>
        {count === undefined ? null : <span className="nav-count">{count}</span>}
      </button>
    </li>
  );
}

export function SideBar() {
  const { bridge, language } = useApp();
  const { m, f } = language;
  const attention = useWindowState(({ status }) =>
    status === null ? 0 : status.counts.failed + status.counts.conflict,
  );
  return (
    <aside className="side">
      <div className="side-brand">
        <Anchor size={16} strokeWidth={2} aria-hidden />
        <span>{m.app.name}</span>
      </div>
      <nav aria-label={m.nav.label}>
        <ul className="side-list">
          <NavItem
            view="queue"
            icon={<Inbox size={16} strokeWidth={1.75} aria-hidden />}
            label={m.nav.queue}
            {...(attention > 0 ? { count: f.count(attention) } : {})}
          />
          <NavItem
            view="folders"
            icon={<FolderTree size={16} strokeWidth={1.75} aria-hidden />}
            label={m.nav.folders}
          />
        </ul>
      </nav>
      <div className="side-places">
        <SideFolders />
        <SideDestinations />
      </div>
      <div className="side-foot">{m.app.version(bridge.app.version)}</div>
    </aside>
  );
}
