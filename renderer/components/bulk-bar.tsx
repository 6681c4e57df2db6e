import { X } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { OperationView } from '../../src/protocol/shapes.ts';
import { useApp, useWindowState } from '../app-context.ts';
import type { ItemAction } from '../state/item-actions.ts';
import { actionsFor } from '../state/item-actions.ts';
import type { QueueLines } from '../state/queue-lines.ts';
import { clearSelection } from '../state/selection.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';

const BULK_ACTIONS = [
  'keep-local',
  'keep-remote',
  'keep-both',
  'delete-theirs',
  'upload-again',
  'leave-deleted',
  'retry',
  'cancel',
] as const satisfies ItemAction[];

/** For each action the ids of the selected operations that it applies to. */
function applicable(operations: readonly OperationView[]): Map<ItemAction, string[]> {
  const ids = new Map<ItemAction, string[]>();
  for (const op of operations) {
    for (const action of actionsFor(op)) {
      const known = ids.get(action);
      if (known === undefined) ids.set(action, [op.id]);
      else known.push(op.id);
    }
  }
  return ids;
}

/** What can be done with all that is selected. */
export function BulkBar({ lines }: { lines: QueueLines }) {
  const { store, commands, language } = useApp();
  const { m, f } = language;
  const selection = useWindowState((state) => state.selection);
  const [asking, setAsking] = useState<readonly string[] | null>(null);
  const byAction = useMemo(() => {
    const chosen: OperationView[] = [];
    for (let index = 0; index < lines.length; index += 1) {
      const id = lines.idAt(index);
      if (id === null || !selection.selected.has(id)) continue;
      const line = lines.at(index);
      if (line?.kind === 'row') chosen.push(line.op);
    }
    return { ids: applicable(chosen), count: chosen.length };
  }, [lines, selection.selected]);

  function clear(): void {
    store.dispatch({ type: 'select', selection: clearSelection(store.get().selection) });
  }

  function run(action: ItemAction, ids: readonly string[]): void {
    void commands.run(action, ids).then(clear);
  }

  return (
    <div className="bulk" role="toolbar" aria-label={m.queue.selected(f.count(byAction.count))}>
      <span className="bulk-count num">{m.queue.selected(f.count(byAction.count))}</span>
      {BULK_ACTIONS.map((action) => {
        const ids = byAction.ids.get(action) ?? [];
        if (ids.length === 0) return null;
        return (
          <button
            key={action}
            type="button"
            className="button button-small"
            onClick={() => {
              if (action === 'cancel' && ids.length > 1) setAsking(ids);
              else run(action, ids);
            }}
          >
            {m.actions[action]}
            {ids.length === byAction.count ? null : <span className="num">{f.count(ids.length)}</span>}
          </button>
        );
      })}
      <button type="button" className="icon-button" aria-label={m.queue.clearSelection} onClick={clear}>
        <X size={14} aria-hidden />
      </button>
      {asking === null ? null : (
        <ConfirmDialog
          title={m.confirm.cancelTitle(f.count(asking.length))}
          text={m.confirm.cancelText}
          yes={m.confirm.cancelYes(f.count(asking.length))}
          no={m.confirm.back}
          onYes={() => {
            run('cancel', asking);
          }}
          onClose={() => {
            setAsking(null);
          }}
        />
      )}
    </div>
  );
}
