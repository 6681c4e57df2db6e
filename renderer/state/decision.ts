/** What was decided about an item's conflict, read from its history. */
import type { EventView, OperationDetail } from '../../src/protocol/shapes.ts';

export interface Decision {
  readonly keep: 'local' | 'remote' | 'both';
  readonly at: string;
  /** The folder's strategy that decided; null: a person did. */
  readonly strategy: string | null;
  /** Why the strategy decided so, as the engine names it. */
  readonly reason: string | null;
  readonly takenBack: boolean;
  /** The operation that took it back, as far as the history still names it. */
  readonly undoneBy: string | null;
  /** Theirs is brought here, and ours is kept beside it. */
  readonly keptBeside: boolean;
  /** Theirs stands at the file's key only until the next change here, which replaces it. */
  readonly untilNextChange: boolean;
  /** Whether taking it back may work. The engine has the last word. */
  readonly canUndo: boolean;
}

const SETTLED: ReadonlySet<OperationDetail['state']> = new Set(['succeeded', 'superseded', 'cancelled']);

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** What is certain to be refused is not offered: nothing was replaced, or the other version is nowhere any more. */
function somethingToBringBack(details: Readonly<Record<string, unknown>>): boolean {
  switch (details['keep']) {
    case 'local': {
      const theirs = details['remote'];
      const versionId = isObject(theirs) ? text(theirs['versionId']) : null;
      // S3 calls the one version of a bucket without versioning "null".
      return versionId !== null && versionId !== 'null';
    }
    case 'remote':
      return isObject(details['local']) && details['discards'] !== true && details['download'] === undefined;
    default:
      return false;
  }
}

/** Nothing of theirs was brought here, and the file here stays as it is: its next state is made from theirs (DESIGN section 7). */
function staysUntilNextChange(details: Readonly<Record<string, unknown>>): boolean {
  const { keep, local, remote, download, discards } = details;
  if (!isObject(local) || !isObject(remote)) return false;
  return keep === 'both' || (keep === 'remote' && download === undefined && discards !== true);
}

/** Whether something was taken back since, and by what. `events` in their order. */
export function undoneSince(events: readonly EventView[]): Pick<Decision, 'takenBack' | 'undoneBy'> {
  const undone = events.findLast(({ type }) => type === 'undone');
  return { takenBack: undone !== undefined, undoneBy: text(undone?.details['operation']) };
}

/** From the latest decision on, in order; null when no conflict of this item was ever decided. */
export function latestDecision(events: readonly EventView[]): readonly EventView[] | null {
  const bySeq = events.toSorted((a, b) => a.seq - b.seq);
  const index = bySeq.findLastIndex((event) => event.type === 'resolved');
  return index === -1 ? null : bySeq.slice(index);
}

/** The latest decision; null when no conflict of this item was ever decided. */
export function decisionOf({ kind, state, events }: OperationDetail): Decision | null {
  const since = latestDecision(events);
  const event = since?.[0];
  const keep = event?.details['keep'];
  if (since === null || event === undefined || (keep !== 'local' && keep !== 'remote' && keep !== 'both')) return null;
  const { takenBack, undoneBy } = undoneSince(since);
  const { details } = event;
  return {
    keep,
    at: event.at,
    strategy: text(details['strategy']),
    reason: text(details['reason']),
    takenBack,
    keptBeside: keep === 'remote' && text(details['download']) !== null && isObject(details['local']),
    untilNextChange: !takenBack && staysUntilNextChange(details),
    undoneBy,
    canUndo: kind !== 'api.call' && !takenBack && SETTLED.has(state) && somethingToBringBack(details),
  };
}
