import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp, useWindowState } from '../app-context.ts';
import { decisionWords } from '../i18n/decision-words.ts';
import { decisionOf } from '../state/decision.ts';
import { itemName } from '../state/item-name.ts';

/** How a conflict of this item was decided, by whom, and the way back. */
export function DrawerDecision({ detail }: { detail: OperationDetail }) {
  const { store, commands, language } = useApp();
  const { m, f } = language;
  const linked = useWindowState((state) => state.linked);
  const [busy, setBusy] = useState(false);
  const decision = decisionOf(detail);
  if (decision === null) return null;
  const { keep, at, takenBack, keptBeside, untilNextChange, undoneBy, canUndo } = decision;

  async function undo(): Promise<void> {
    setBusy(true);
    await commands.undo(detail.id);
    setBusy(false);
  }

  return (
    <section>
      <h3>{m.decision.title}</h3>
      <div className="decision">
        <p>{decisionWords(decision, language)}</p>
        {keptBeside ? <p className="quiet">{m.decision.keptBeside}</p> : null}
        {untilNextChange ? <p className="quiet">{m.decision.untilNextChange}</p> : null}
        {undoneBy === null && !takenBack && (untilNextChange || keep === 'local') ? (
          <p className="quiet">{m.decision.needsVersions}</p>
        ) : null}
        <time className="num" dateTime={at}>
          {f.dateTime(at)}
        </time>
        {takenBack && undoneBy === null ? <p className="quiet">{m.decision.takenBack}</p> : null}
        {undoneBy === null ? null : (
          <button
            type="button"
            className="link"
            onClick={() => {
              store.dispatch({ type: 'open', id: undoneBy });
            }}
          >
            {m.decision.takenBack}
          </button>
        )}
        {canUndo ? (
          <button
            type="button"
            className="button button-small"
            aria-label={`${m.decision.undo}: ${itemName(detail).name}`}
            disabled={busy || !linked}
            onClick={() => void undo()}
          >
            <Undo2 size={14} aria-hidden />
            {m.decision.undo}
          </button>
        ) : null}
      </div>
    </section>
  );
}
