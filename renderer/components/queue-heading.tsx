import { ArrowRight } from 'lucide-react';
import type { CSSProperties } from 'react';
import { useApp } from '../app-context.ts';
import type { QueueLine } from '../state/queue-lines.ts';

interface QueueHeadingProps {
  readonly line: Exclude<QueueLine, { kind: 'row' }>;
  readonly index: number;
  readonly startPx: number;
  readonly heightPx: number;
  /** As text; null where a filter makes it unknown. */
  readonly count: string | null;
}

/** The lines between rows: a section's title, the way to all of it, and the end of what is loaded. */
export function QueueHeading({ line, index, startPx, heightPx, count }: QueueHeadingProps) {
  const { store, language } = useApp();
  const { m } = language;
  const style: CSSProperties = { transform: `translateY(${startPx}px)`, height: heightPx };
  const { section } = line;
  return (
    <div role="row" className="line" data-kind={line.kind} aria-rowindex={index + 1} style={style}>
      <div role="gridcell" className="line-cell">
        {line.kind === 'heading' ? (
          <h2 className="line-title" data-section={section}>
            {m.sections[section]}
            {count === null ? null : <span className="line-count num">{count}</span>}
          </h2>
        ) : null}
        {line.kind === 'show-all' ? (
          <button
            type="button"
            className="link"
            onClick={() => {
              store.dispatch({ type: 'tab', tab: section });
            }}
          >
            {count === null ? m.queue.showAllOpen : m.queue.showAll(count)}
            <ArrowRight size={14} aria-hidden />
          </button>
        ) : null}
        {line.kind === 'loading' ? <span className="line-loading">{m.queue.loadingMore}</span> : null}
      </div>
    </div>
  );
}
