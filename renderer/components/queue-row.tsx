import { memo } from 'react';
import type { CSSProperties } from 'react';
import type { OperationView } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { useNow } from '../hooks/use-now.ts';
import { phaseWords } from '../i18n/row-words.ts';
import { actionsFor } from '../state/item-actions.ts';
import { itemName } from '../state/item-name.ts';
import { sectionOf } from '../state/queue-sections.ts';
import { FileIcon } from './file-icon.tsx';
import { isDecision, ItemActionButton } from './item-action-button.tsx';
import { RowStatus } from './row-status.tsx';

export interface QueueRowProps {
  readonly op: OperationView;
  /** From 0, in the whole grid. */
  readonly index: number;
  /** Distance from the top of the list, px. */
  readonly startPx: number;
  readonly heightPx: number;
  readonly selected: boolean;
  readonly focused: boolean;
  readonly onClick: (index: number, id: string, how: 'open' | 'toggle' | 'range') => void;
}

export function rowElementId(id: string): string {
  return `row-${id}`;
}

function QueueRowDrawn({ op, index, startPx, heightPx, selected, focused, onClick }: QueueRowProps) {
  const { language } = useApp();
  const { m, f } = language;
  const now = useNow(false);
  const { name, place } = itemName(op);
  const actions = actionsFor(op);
  const decisions = actions.filter((action) => isDecision(action));
  const others = actions.filter((action) => !isDecision(action));
  // Only the row with the focus takes part in Tab; else there would be hundreds of stops.
  const tabIndex = focused ? 0 : -1;
  const style: CSSProperties = { transform: `translateY(${startPx}px)`, height: heightPx };
  return (
    <div
      role="row"
      id={rowElementId(op.id)}
      className="row"
      aria-rowindex={index + 1}
      aria-selected={selected}
      data-state={op.state}
      data-focused={focused}
      style={style}
      onClick={(event) => {
        onClick(index, op.id, event.shiftKey ? 'range' : event.ctrlKey || event.metaKey ? 'toggle' : 'open');
      }}
    >
      <div role="gridcell" className="row-mark">
        <span className="row-icon">
          <FileIcon op={op} />
        </span>
        <input
          type="checkbox"
          className="row-check"
          tabIndex={-1}
          checked={selected}
          aria-label={m.queue.select(name)}
          onChange={() => {
            onClick(index, op.id, 'toggle');
          }}
          onClick={(event) => {
            event.stopPropagation();
          }}
        />
      </div>
      <div role="gridcell" className="row-main">
        <p className="row-title">
          <bdi className="row-name" title={op.path ?? name}>
            {name}
          </bdi>
          <span className="row-place">{place}</span>
        </p>
        <RowStatus op={op} />
      </div>
      <div role="gridcell" className="row-side">
        <span className="row-meta num">
          {op.kind === 'file.upload' || sectionOf(op.state) !== 'waiting' ? null : <span>{m.kinds[op.kind]}</span>}
          <span className="row-phase">{phaseWords(op, language)}</span>
          {op.completedAt === null ? null : <time dateTime={op.completedAt}>{f.clock(op.completedAt, now)}</time>}
        </span>
        <span className="row-others">
          {others.map((action) => (
            <ItemActionButton
              key={action}
              action={action}
              ids={[op.id]}
              name={name}
              words={false}
              tabIndex={tabIndex}
            />
          ))}
        </span>
        {decisions.map((action) => (
          <ItemActionButton key={action} action={action} ids={[op.id]} name={name} words tabIndex={tabIndex} />
        ))}
      </div>
    </div>
  );
}

export const QueueRow = memo(QueueRowDrawn);
