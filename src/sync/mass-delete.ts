import type { DeleteRules } from '../config/config-types.ts';
import type { EpochMs } from '../core/ports.ts';
import type { StoredGuard } from '../db/folders-repo.ts';

/** Paths that are shown of a mass delete. */
export const GUARD_SAMPLE = 20;

export interface PendingDeletes {
  /** Objects that are to follow their deleted files. */
  readonly count: number;
  /** Files that are there. */
  readonly present: number;
  /** Some of the paths, when asked for. */
  readonly sample: () => readonly string[];
}

/**
 * More deletes at once than both bounds wait for a person: a script gone wrong, a stolen laptop, a folder emptied by
 * mistake. They count together, whatever scans found them. Once asked, the question stands until it is answered or all the
 * files are back: a person who restores them one by one would else lose the rest as soon as few enough are left. What a
 * person allowed is not asked again.
 */
export function judgeDeletes(
  rules: DeleteRules,
  pending: PendingDeletes,
  before: StoredGuard | null,
  now: EpochMs,
): StoredGuard | null {
  if (before !== null && before.allowedAt !== null) return before;
  if (before !== null) {
    const { count } = pending;
    return count === 0 ? null : { ...before, count, of: Math.max(before.of, count) };
  }
  const of = pending.present + pending.count;
  if (pending.count <= rules.askAboveFiles || pending.count <= rules.askAboveShare * of) return null;
  return { count: pending.count, of, since: now, sample: pending.sample(), allowedAt: null };
}

/** The guard holds deletes back until somebody decides. */
export function isHeld(guard: StoredGuard | null): boolean {
  return guard !== null && guard.allowedAt === null;
}
