import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { useApp } from '../app-context.ts';
import { CopyButton } from './copy-button.tsx';

interface Fact {
  readonly label: string;
  readonly text: string;
  readonly copy?: true;
}

/** A copy beside theirs has a key of its own, which is the one that counts. */
function resourceFacts({ resourceKey, storedAs }: OperationDetail, label: string): readonly Fact[] {
  const text = storedAs ?? resourceKey;
  return text === null ? [] : [{ label, text, copy: true }];
}

/** The engine counts an attempt when it has ended; the history tells of it from its start. */
function attemptsBegun({ attempts, state }: OperationDetail): number {
  return state === 'running' ? attempts + 1 : attempts;
}

/** Sizes, times and ids, for those who want to look something up elsewhere. */
export function DrawerFacts({ detail }: { detail: OperationDetail }) {
  const { m, f } = useApp().language;
  const facts: readonly (Fact | null)[] = [
    { label: m.drawer.kind, text: m.kinds[detail.kind] },
    detail.bytesTotal === null ? null : { label: m.drawer.size, text: f.bytes(detail.bytesTotal) },
    { label: m.drawer.priority, text: m.priorities[detail.priority] },
    { label: m.drawer.attempts, text: f.count(attemptsBegun(detail)) },
    { label: m.drawer.created, text: f.dateTime(detail.createdAt) },
    detail.completedAt === null ? null : { label: m.drawer.completed, text: f.dateTime(detail.completedAt) },
    detail.error === null ? null : { label: m.drawer.code, text: detail.error.code, copy: true },
    detail.movedFrom === undefined ? null : { label: m.drawer.movedFrom, text: detail.movedFrom, copy: true },
    ...resourceFacts(detail, m.drawer.resource),
    detail.externalId === null ? null : { label: m.drawer.externalId, text: detail.externalId, copy: true },
    { label: m.drawer.id, text: detail.id, copy: true },
  ];
  return (
    <section>
      <h3>{m.drawer.facts}</h3>
      <dl className="facts">
        {facts.map((fact) =>
          fact === null ? null : (
            <div key={fact.label}>
              <dt>{fact.label}</dt>
              <dd className={fact.copy === true ? 'mono' : 'num'}>
                <bdi title={fact.text}>{fact.text}</bdi>
                {fact.copy === true ? <CopyButton text={fact.text} what={fact.label} /> : null}
              </dd>
            </div>
          ),
        )}
      </dl>
    </section>
  );
}
