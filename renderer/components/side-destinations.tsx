import { useApp, useWindowState } from '../app-context.ts';
import { addressOf } from '../state/state-line.ts';
import { StateDot } from './state-dot.tsx';

export function SideDestinations() {
  const { m } = useApp().language;
  const destinations = useWindowState((state) => state.status?.destinations);
  if (destinations === undefined || destinations.length === 0) return null;
  return (
    <section aria-labelledby="side-destinations">
      <h2 id="side-destinations" className="side-title">
        {m.side.destinations}
      </h2>
      <ul className="side-list">
        {destinations.map((destination) => {
          const words = m.folders.destinationStates[destination.state];
          return (
            <li key={destination.name} className="side-place" title={`${addressOf(destination.endpoint)} · ${words}`}>
              <StateDot state={destination.state} />
              <span className="nav-label">{destination.name}</span>
              {destination.state === 'ok' ? (
                <span className="visually-hidden">{words}</span>
              ) : (
                <span className="nav-quiet">{words}</span>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
