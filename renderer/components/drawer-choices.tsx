import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { actionsFor } from '../state/item-actions.ts';

/** What each choice about a conflict means, and until when: said where it is made. */
export function DrawerChoices({ detail }: { detail: OperationDetail }) {
  const { m } = useApp().language;
  const meanings: Readonly<Partial<Record<string, string>>> = m.choices.meanings;
  const choices = actionsFor(detail).flatMap((action) => {
    const meaning = meanings[action];
    return meaning === undefined ? [] : [{ action, label: m.actions[action], meaning }];
  });
  if (detail.state !== 'conflict' || detail.kind === 'api.call' || choices.length === 0) return null;
  return (
    <section className="choices">
      <h3>{m.choices.title}</h3>
      <dl>
        {choices.map(({ action, label, meaning }) => (
          <div key={action}>
            <dt>{label}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p className="quiet">{m.choices.undo}</p>
    </section>
  );
}
