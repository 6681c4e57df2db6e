import type { ConflictStrategy } from '../../config/config-types.ts';
import type { EpochMs } from '../../core/ports.ts';
import type { Repositories } from '../../db/repositories.ts';
import type { StoredEvent } from '../../db/events-repo.ts';
import type { StoredVersion } from '../../db/stored-operation.ts';
import type { ConflictSubject } from './conflict-rules.ts';
import type { DecisionReason, Side } from './decide-conflict.ts';

/** A decision as the history keeps it (the details of a `resolved` event): with both versions, so that it can be undone. */
export interface DecisionRecord {
  readonly keep: Side;
  /** Null: a person decided. */
  readonly strategy: ConflictStrategy | null;
  readonly reason: DecisionReason | null;
  readonly base: StoredVersion | null;
  readonly remote: StoredVersion | null;
  readonly local: ConflictSubject['local'];
  readonly here: ConflictSubject['here'];
  readonly key: string;
  readonly path: string;
  /** *Keep both*: where ours goes. It may get a counter if that name is taken as well. */
  readonly besideKey?: string;
  /** *Keep remote* in mirror mode: the operation that brings theirs. */
  readonly download?: string;
  /** *Keep remote* of what they deleted, in mirror mode: ours goes to the trash. */
  readonly discards?: true;
}

/** Of one item so many of its latest events are searched: it has seldom more than a handful. */
const SEARCHED_EVENTS = 500;

/** The latest decision about an item, and whether it was undone since, by which operation. */
export function latestDecision(
  repos: Repositories,
  operationId: string,
): { readonly record: DecisionRecord; readonly at: EpochMs; readonly undoneBy: string | null } | null {
  const events = repos.events.latestOf(operationId, SEARCHED_EVENTS);
  const index = events.findLastIndex((event) => event.type === 'resolved');
  const event = events[index];
  if (event === undefined) return null;
  const undone = events.slice(index).findLast((later) => later.type === 'undone');
  return { record: event.details as unknown as DecisionRecord, at: event.at, undoneBy: undoingOperation(undone) };
}

function undoingOperation(event: StoredEvent | undefined): string | null {
  const id = event?.details['operation'];
  return typeof id === 'string' ? id : null;
}
