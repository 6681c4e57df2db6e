import { partCount, plannedPart } from '../../core/part-plan.ts';
import type { ListedPart } from '../../core/ports.ts';
import type { StoredPart } from '../../db/uploads-repo.ts';

export interface Reconciled {
  /** Checkpointed, and the service has exactly that. */
  readonly kept: readonly StoredPart[];
  /** Checkpointed, but the service has it not or otherwise: sent again. */
  readonly lost: readonly number[];
  /** The service has a part of the right size with a checksum that we never recorded: kept if the local bytes match. */
  readonly unrecorded: readonly ListedPart[];
}

/** Compares our checkpoints with what the service lists, by number, size, ETag and checksum (P6). */
export function reconcileParts(
  stored: readonly StoredPart[],
  listed: readonly ListedPart[],
  fileSizeBytes: number,
  partSizeBytes: number,
): Reconciled {
  const there = new Map(listed.map((part) => [part.number, part]));
  const kept: StoredPart[] = [];
  const lost: number[] = [];
  for (const part of stored) {
    const remote = there.get(part.number);
    const same =
      remote !== undefined &&
      remote.sizeBytes === part.sizeBytes &&
      remote.etag === part.etag &&
      (remote.checksum === null || remote.checksum.value === part.checksum);
    if (same) kept.push(part);
    else lost.push(part.number);
  }
  const known = new Set(stored.map((part) => part.number));
  const count = partCount(fileSizeBytes, partSizeBytes);
  const unrecorded = listed.filter(
    (part) =>
      !known.has(part.number) &&
      part.checksum !== null &&
      part.number >= 1 &&
      part.number <= count &&
      part.sizeBytes === plannedPart(fileSizeBytes, partSizeBytes, part.number).sizeBytes,
  );
  return { kept, lost, unrecorded };
}
