import type { EpochMs, ListedUpload } from '../../core/ports.ts';
import type { Repositories } from '../../db/repositories.ts';
import type { UploadTarget } from './upload-context.ts';

/** S3 refuses requests whose clock is off by more than 15 minutes: so far apart may our times and the service's be. */
const CLOCK_TOLERANCE_MS = 15 * 60_000;

interface Intent {
  readonly key: string;
  readonly intentAt: EpochMs;
  /** When the intent ended; absent while it is that of the operation that asks. */
  readonly endedAt?: EpochMs;
}

/** Open uploads that the recorded intent may have made: same key, begun within its time, and not ours by id (P7). */
export function orphansOf(
  intent: Intent,
  listed: readonly ListedUpload[],
  ownIds: ReadonlySet<string>,
  now: EpochMs,
): ListedUpload[] {
  return listed.filter(
    (upload) =>
      upload.key === intent.key &&
      !ownIds.has(upload.uploadId) &&
      (upload.initiated === null ||
        (upload.initiated >= intent.intentAt - CLOCK_TOLERANCE_MS &&
          // Not before the intent itself: our clock may have been set back in between.
          upload.initiated <= Math.max(intent.intentAt, intent.endedAt ?? now) + CLOCK_TOLERANCE_MS)),
  );
}

/**
 * Finds what an intent without a recorded id has left at the service. Null when that can't be told now: one of these may
 * be what an upload of ours that waits for its id right now has just made.
 */
export async function findOrphans(
  deps: { readonly repos: Repositories; readonly clock: { now(): EpochMs } },
  target: UploadTarget,
  intent: Intent,
  signal: AbortSignal,
): Promise<readonly ListedUpload[] | null> {
  const listed = await target.store.listUploads(intent.key, signal);
  // Read after the list: an id recorded meanwhile is ours.
  const own = deps.repos.uploads.onKey(target.name, intent.key);
  const ownIds = new Set(own.flatMap((upload) => (upload.uploadId === null ? [] : [upload.uploadId])));
  const orphans = orphansOf(intent, listed, ownIds, deps.clock.now());
  const begins = own.some(
    (upload) => upload.uploadId === null && deps.repos.operations.byId(upload.operation)?.state === 'running',
  );
  return orphans.length > 0 && begins ? null : orphans;
}
