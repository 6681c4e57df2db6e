import { X } from 'lucide-react';
import { useId, useLayoutEffect, useRef } from 'react';
import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { useOperationDetail } from '../hooks/use-operation-detail.ts';
import { actionsFor } from '../state/item-actions.ts';
import { itemName } from '../state/item-name.ts';
import { DrawerChoices } from './drawer-choices.tsx';
import { DrawerDecision } from './drawer-decision.tsx';
import { DrawerDeletion } from './drawer-deletion.tsx';
import { DrawerFacts } from './drawer-facts.tsx';
import { DrawerHistory } from './drawer-history.tsx';
import { DrawerNow } from './drawer-now.tsx';
import { DrawerParts } from './drawer-parts.tsx';
import { DrawerResponse } from './drawer-response.tsx';
import { DrawerStorage } from './drawer-storage.tsx';
import { DrawerVersions } from './drawer-versions.tsx';
import { FileIcon } from './file-icon.tsx';
import { isDecision, ItemActionButton } from './item-action-button.tsx';

function DrawerBody({ detail }: { detail: OperationDetail }) {
  const { name } = itemName(detail);
  return (
    <div className="drawer-body">
      <div className="drawer-actions">
        {actionsFor(detail).map((action) => (
          <ItemActionButton key={action} action={action} ids={[detail.id]} name={name} words={isDecision(action)} />
        ))}
      </div>
      <DrawerNow detail={detail} />
      <DrawerChoices detail={detail} />
      <DrawerParts detail={detail} />
      <DrawerDecision detail={detail} />
      <DrawerDeletion detail={detail} />
      <DrawerVersions detail={detail} />
      <DrawerStorage detail={detail} />
      <DrawerResponse detail={detail} />
      <DrawerHistory events={detail.events} />
      <DrawerFacts detail={detail} />
    </div>
  );
}

/** Everything about one item, live. A modal dialog: it keeps the focus and gives it back; Escape closes it. */
export function ItemDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const { m } = useApp().language;
  const { detail, failure } = useOperationDetail(id);
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
    };
  }, []);
  const names = detail === null ? null : itemName(detail);
  return (
    <dialog
      ref={dialog}
      className="drawer"
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        // The backdrop belongs to the dialog element itself; what is in the drawer is inside of it.
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className="drawer-panel">
        <header className="drawer-head">
          {detail === null ? null : <FileIcon op={detail} />}
          <div className="drawer-title">
            <h2 id={titleId}>
              <bdi>{names?.name ?? m.actions.details}</bdi>
            </h2>
            {names === null ? null : <p>{names.place}</p>}
          </div>
          <button type="button" className="icon-button" aria-label={m.drawer.close} onClick={onClose}>
            <X size={16} aria-hidden />
          </button>
        </header>
        {detail === null ? (
          <p className="drawer-empty" role="status">
            {failure === null ? m.drawer.loading : `${m.drawer.gone}: ${failure.message}`}
          </p>
        ) : (
          <DrawerBody detail={detail} />
        )}
      </div>
    </dialog>
  );
}
