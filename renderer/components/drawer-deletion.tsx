import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { deletionOf } from '../state/deletion.ts';
import { UndoButton } from './undo-button.tsx';

/** The way back from a delete that followed one here, where the storage keeps old versions. */
export function DrawerDeletion({ detail }: { detail: OperationDetail }) {
  const { m } = useApp().language;
  const deletion = deletionOf(detail);
  if (deletion === null) return null;
  return (
    <section>
      <h3>{m.deletion.title}</h3>
      <div className="decision">
        {deletion.takenBack ? null : <p className="quiet">{m.deletion.text}</p>}
        <UndoButton detail={detail} undone={deletion} offered what="deletion" />
      </div>
    </section>
  );
}
