import { useApp, useWindowState } from '../app-context.ts';
import { StateDot } from './state-dot.tsx';

/** The folders with their state; a click shows only that folder in the queue. */
export function SideFolders() {
  const { store, connection, language } = useApp();
  const { m, f } = language;
  const folders = useWindowState((state) => state.status?.folders);
  const shown = useWindowState((state) => state.filter.folder);
  if (folders === undefined || folders.length === 0) return null;

  function showOnly(folder: string | null): void {
    store.dispatch({ type: 'filter', filter: { ...store.get().filter, folder } });
    store.dispatch({ type: 'view', view: 'queue' });
    connection.reload();
  }

  return (
    <section aria-labelledby="side-folders">
      <h2 id="side-folders" className="side-title">
        {m.side.folders}
      </h2>
      <ul className="side-list">
        {folders.map((folder) => {
          const pressed = shown === folder.name;
          const words = m.folders.states[folder.state];
          return (
            <li key={folder.name}>
              <button
                type="button"
                className="nav-item"
                aria-pressed={pressed}
                aria-label={`${m.side.showOnly(folder.name)} (${words})`}
                title={`${folder.path} · ${words}`}
                onClick={() => {
                  showOnly(pressed ? null : folder.name);
                }}
              >
                <StateDot state={folder.state} />
                <span className="nav-label">{folder.name}</span>
                <span className="nav-quiet">{f.count(folder.files)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
