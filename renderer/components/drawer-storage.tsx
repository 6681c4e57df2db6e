import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp, useWindowState } from '../app-context.ts';
import { skewWords } from '../i18n/skew-words.ts';
import { destinationOf, looksBefore, noteworthySkew } from '../state/place-facts.ts';

/** What a person should know of the storage behind this item; nothing where all is as one expects. */
export function DrawerStorage({ detail }: { detail: OperationDetail }) {
  const { language } = useApp();
  const { m } = language;
  const destination = useWindowState(({ status }) => destinationOf(detail, status));
  if (destination === null) return null;
  const skew = noteworthySkew(destination);
  const looks = looksBefore(detail.kind, destination);
  if (skew === null && !looks) return null;
  return (
    <section>
      <h3>{m.drawer.storage(destination.name)}</h3>
      {looks ? <p className="quiet">{m.folders.looksBefore}</p> : null}
      {skew === null ? null : <p className="quiet num">{skewWords(skew, language)}</p>}
    </section>
  );
}
