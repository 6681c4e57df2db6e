import { useApp, useWindowState } from '../app-context.ts';
import { DestinationCard } from './destination-card.tsx';
import { EngineDown } from './engine-down.tsx';
import { FolderCard } from './folder-card.tsx';

export function FoldersView() {
  const { m } = useApp().language;
  const folders = useWindowState((state) => state.status?.folders);
  const destinations = useWindowState((state) => state.status?.destinations);
  if (folders === undefined || destinations === undefined) return <EngineDown />;
  return (
    <div className="places">
      <section aria-labelledby="places-folders">
        <h1 id="places-folders">{m.folders.title}</h1>
        {folders.length === 0 ? (
          <div className="place-none">
            <p>{m.folders.none}</p>
            <p>{m.folders.noneHint}</p>
          </div>
        ) : null}
        {folders.map((folder) => (
          <FolderCard
            key={folder.name}
            folder={folder}
            bucket={destinations.find((one) => one.name === folder.destination)?.bucket ?? folder.destination}
          />
        ))}
      </section>
      <section aria-labelledby="places-destinations">
        <h1 id="places-destinations">{m.folders.destinations}</h1>
        {destinations.map((destination) => (
          <DestinationCard key={destination.name} destination={destination} />
        ))}
      </section>
    </div>
  );
}
