import { FolderOpen, Upload } from 'lucide-react';
import { useApp, useWindowState } from '../app-context.ts';
import { isDemo } from '../state/is-demo.ts';
import { addressOf } from '../state/state-line.ts';

/** What a newcomer sees: what to do, and where things go. */
export function FirstFile() {
  const { bridge, commands, language } = useApp();
  const { m } = language;
  const status = useWindowState((state) => state.status);
  const folder = status?.folders[0];
  const destination = status?.destinations.find((one) => one.name === folder?.destination);
  if (status === null || folder === undefined) {
    return (
      <div className="blank">
        <h1>{m.folders.none}</h1>
        <p>{m.folders.noneHint}</p>
      </div>
    );
  }
  const words = isDemo(status.engine) ? m.empty.demo : m.empty.destination;
  return (
    <div className="blank blank-drop">
      <span className="blank-icon">
        <Upload size={28} strokeWidth={1.25} aria-hidden />
      </span>
      <h1>{m.empty.title}</h1>
      <p>{m.empty.orPut(folder.path)}</p>
      <button
        type="button"
        className="button button-main"
        onClick={() => void bridge.shell.openFolder(folder.name).then(commands.tell)}
      >
        <FolderOpen size={14} aria-hidden />
        {m.empty.open}
      </button>
      {destination === undefined ? null : (
        <p className="blank-small">{words(addressOf(destination.endpoint), destination.bucket)}</p>
      )}
    </div>
  );
}
