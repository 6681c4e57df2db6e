import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { decisionWords } from '../i18n/decision-words.ts';
import { decisionOf } from '../state/decision.ts';
import { UndoButton } from './undo-button.tsx';

/** How a conflict of this item was decided, by whom, and the way back. */
export function DrawerDecision({ detail }: { detail: OperationDetail }) {
  const { language } = useApp();
  const { m, f } = language;
  const decision = decisionOf(detail);
  if (decision === null) return null;
  const { keep, at, takenBack, keptBeside, untilNextChange, undoneBy, canUndo } = decision;

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
        <UndoButton detail={detail} undone={{ takenBack, undoneBy }} offered={canUndo} what="decision" />
      </div>
    </section>
  );
}
