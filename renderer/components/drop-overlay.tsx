import { FolderInput } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { StatusView } from '../../src/protocol/shapes.ts';
import { useApp, useWindowState } from '../app-context.ts';

type Folder = StatusView['folders'][number];

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') === true;
}

/** The folder card under the pointer, by name. */
function folderUnder(event: DragEvent): string | null {
  const target = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-folder]') : null;
  return target?.dataset['folder'] ?? null;
}

function placeOf(folder: Folder, destinations: StatusView['destinations']): string {
  const bucket = destinations.find((one) => one.name === folder.destination)?.bucket ?? folder.destination;
  return `${bucket}/${folder.prefix}`;
}

/** While files are dragged over the window: where they would go. Dropping copies them there. */
export function DropOverlay() {
  const { bridge, commands, language } = useApp();
  const { m } = language;
  const [over, setOver] = useState<{ readonly folder: string | null } | null>(null);
  const status = useWindowState((state) => state.status);
  const shownFolder = useWindowState((state) => state.filter.folder);
  const usable = (status?.folders ?? []).filter((folder) => folder.state !== 'frozen');
  const fallback = usable.find((folder) => folder.name === shownFolder) ?? usable[0];
  const fallbackName = useRef<string | null>(null);
  useEffect(() => {
    fallbackName.current = fallback?.name ?? null;
  }, [fallback]);

  useEffect(() => {
    const onDrag = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = fallbackName.current === null ? 'none' : 'copy';
      const folder = folderUnder(event);
      setOver((before) => (before !== null && before.folder === folder ? before : { folder }));
    };
    const onLeave = (event: DragEvent) => {
      // Left the window itself, not one element for another.
      if (event.relatedTarget === null) setOver(null);
    };
    const onDrop = (event: DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(null);
      const folder = folderUnder(event) ?? fallbackName.current;
      if (folder === null) return;
      const paths = bridge.shell.pathsOfDrop([...(event.dataTransfer?.files ?? [])]);
      void commands.addToFolder(folder, paths);
    };
    document.addEventListener('dragenter', onDrag);
    document.addEventListener('dragover', onDrag);
    document.addEventListener('dragleave', onLeave);
    document.addEventListener('drop', onDrop);
    return () => {
      document.removeEventListener('dragenter', onDrag);
      document.removeEventListener('dragover', onDrag);
      document.removeEventListener('dragleave', onLeave);
      document.removeEventListener('drop', onDrop);
    };
  }, [bridge, commands]);

  if (over === null || status === null) return null;
  const target = over.folder ?? fallback?.name;
  const several = status.folders.length > 1;
  return (
    <div className="drop" role="dialog" aria-label={m.drop.title}>
      <h2>{fallback === undefined ? m.drop.none : several ? m.drop.choose : m.drop.title}</h2>
      {fallback === undefined ? <p>{m.drop.noneHint}</p> : null}
      <div className="drop-cards">
        {status.folders.map((folder) => {
          const frozen = folder.state === 'frozen';
          return (
            <div
              key={folder.name}
              className="drop-card"
              {...(frozen ? {} : { 'data-folder': folder.name })}
              data-target={folder.name === target}
              data-frozen={frozen}
            >
              <FolderInput size={24} strokeWidth={1.5} aria-hidden />
              <strong>{m.drop.to(folder.name)}</strong>
              <span>{frozen ? m.drop.frozen : m.drop.goesTo(placeOf(folder, status.destinations))}</span>
            </div>
          );
        })}
      </div>
      {several && fallback !== undefined ? <p>{m.drop.elsewhere(fallback.name)}</p> : null}
    </div>
  );
}
