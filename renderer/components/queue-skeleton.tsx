import { useApp } from '../app-context.ts';

const ROWS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Stands where the rows will be, for the moment until the first page is here. */
export function QueueSkeleton() {
  const { m } = useApp().language;
  return (
    <div className="skeleton" role="status" aria-label={m.queue.loading}>
      {ROWS.map((row) => (
        <div key={row} className="skeleton-row">
          <span className="skeleton-icon" />
          <span className="skeleton-lines">
            <span />
            <span />
          </span>
        </div>
      ))}
    </div>
  );
}
