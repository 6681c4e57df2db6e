import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { partsMap } from '../state/parts-map.ts';

const LEGEND = ['done', 'busy', 'todo'] as const;

export function DrawerParts({ detail }: { detail: OperationDetail }) {
  const { m, f } = useApp().language;
  const map = partsMap(detail);
  if (map === null) return null;
  const words = m.drawer.partsDone(f.count(map.done), f.count(map.total));
  const names = { done: m.drawer.partDone, busy: m.drawer.partBusy, todo: m.drawer.partTodo };
  return (
    <section>
      <h3>{m.drawer.parts}</h3>
      <p className="quiet num">
        {words}
        {map.perSquare > 1 ? `, ${m.drawer.perSquare(f.count(map.perSquare))}` : ''}
      </p>
      <div className="parts" role="img" aria-label={words}>
        {map.squares.map(({ first, state }) => (
          <span key={first} className="part" data-state={state} />
        ))}
      </div>
      <p className="parts-legend" aria-hidden>
        {LEGEND.map((state) => (
          <span key={state}>
            <span className="part" data-state={state} />
            {names[state]}
          </span>
        ))}
      </p>
    </section>
  );
}
