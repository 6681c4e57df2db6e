import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp, useWindowState } from '../app-context.ts';
import type { Deletion } from '../state/deletion.ts';
import { itemName } from '../state/item-name.ts';

export interface UndoButtonProps {
  readonly detail: OperationDetail;
  readonly undone: Deletion;
  readonly offered: boolean;
  readonly what: 'decision' | 'deletion';
}

/** The way back, or, once it was taken, the item that goes it. */
export function UndoButton({ detail, undone: { takenBack, undoneBy }, offered, what }: UndoButtonProps) {
  const { store, commands, language } = useApp();
  const { m } = language;
  const linked = useWindowState((state) => state.linked);
  const [busy, setBusy] = useState(false);

  async function undo(): Promise<void> {
    setBusy(true);
    await commands.undo(detail.id, what);
    setBusy(false);
  }

  return (
    <>
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
      {offered && !takenBack ? (
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
    </>
  );
}
