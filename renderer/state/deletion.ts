/** What a delete of a mirror folder has removed, read from its history, and whether it can come back. */
import type { OperationDetail } from '../../src/protocol/shapes.ts';
import { latestDecision, undoneSince } from './decision.ts';

export interface Deletion {
  readonly takenBack: boolean;
  /** The operation that brings it back, as far as the history still names it. */
  readonly undoneBy: string | null;
}

/**
 * Null where there is nothing to offer: it is no finished delete, its conflict was decided (that is another section), it
 * removed nothing, or the bucket keeps no old versions. Whether the version is still there the service alone knows.
 */
export function deletionOf({ kind, state, events }: OperationDetail): Deletion | null {
  if (kind !== 'file.delete' || state !== 'succeeded' || latestDecision(events) !== null) return null;
  const bySeq = events.toSorted((a, b) => a.seq - b.seq);
  const done = bySeq.findLastIndex(({ to, details }) => to === 'succeeded' && isKept(details['removed']));
  return done === -1 ? null : undoneSince(bySeq.slice(done));
}

/** S3 calls the one version of a bucket without versioning "null". */
function isKept(removed: unknown): boolean {
  if (typeof removed !== 'object' || removed === null || !('versionId' in removed)) return false;
  return typeof removed.versionId === 'string' && removed.versionId !== '' && removed.versionId !== 'null';
}
