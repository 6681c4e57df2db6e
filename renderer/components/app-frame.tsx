import { useApp, useWindowState } from '../app-context.ts';
import { DropOverlay } from './drop-overlay.tsx';
import { FoldersView } from './folders-view.tsx';
import { ItemDrawer } from './item-drawer.tsx';
import { Notices } from './notices.tsx';
import { QueueView } from './queue-view.tsx';
import { SideBar } from './side-bar.tsx';
import { StateHeader } from './state-header.tsx';
import { Toasts } from './toasts.tsx';

/** The window: navigation at the left, the state at the top, one view below. */
export function AppFrame() {
  const { store } = useApp();
  const view = useWindowState((state) => state.view);
  const openId = useWindowState((state) => state.openId);
  return (
    <div className="frame">
      <SideBar />
      <div className="frame-main">
        <StateHeader />
        <Notices />
        <main className="frame-view">{view === 'queue' ? <QueueView /> : <FoldersView />}</main>
      </div>
      {openId === null ? null : (
        <ItemDrawer
          key={openId}
          id={openId}
          onClose={() => {
            store.dispatch({ type: 'open', id: null });
          }}
        />
      )}
      <DropOverlay />
      <Toasts />
    </div>
  );
}
