import { mayBeSameContent, type Fingerprint } from '../core/fingerprint.ts';
import type { EpochMs, ScannedFile } from '../core/ports.ts';
import type { StoredFile } from '../db/files-repo.ts';

/** FAT. */
const COARSEST_GRANULE_MS = 2000;

export type FileJudgement =
  /** As last queued or settled. */
  | { readonly kind: 'known' }
  /** Still young: look again at that time. */
  | { readonly kind: 'settling'; readonly lookAgainAt: EpochMs }
  | { readonly kind: 'queue'; readonly hashFirst: boolean };

/**
 * What a scanned file calls for. Stable means: neither content nor metadata was touched for `stabilityMs`, which the times
 * of the file itself tell. Where they can't (times in the future) `firstSeenAt`, when this very state was first met, does.
 */
export function judgeFile(
  known: StoredFile | null,
  found: ScannedFile,
  now: EpochMs,
  stabilityMs: number,
  firstSeenAt: EpochMs | null,
): FileJudgement {
  if (known?.fingerprint === found.fingerprint) return { kind: 'known' };
  // A state that was met at some time was not touched after it, whatever its times (a wrong clock's, say) tell.
  const touchedAt = Math.min(Math.max(found.mtimeMs, found.ctimeMs), firstSeenAt ?? now);
  const restMs = Math.max(stabilityMs, granuleMs(found));
  const stableAt = touchedAt + restMs;
  if (stableAt > now) return { kind: 'settling', lookAgainAt: Math.min(stableAt, now + restMs) };
  return { kind: 'queue', hashFirst: isTouchOnly(known?.fingerprint ?? null, found.fingerprint) };
}

/**
 * Whole seconds in both times: a file system that keeps no more (FAT keeps two, and some of NFS and SMB one). A second write
 * within one such step leaves the file as it looks: only once that is over nothing can hide in it.
 */
function granuleMs({ mtimeMs, ctimeMs }: ScannedFile): number {
  return mtimeMs % 1000 === 0 && ctimeMs % 1000 === 0 ? COARSEST_GRANULE_MS : 0;
}

function isTouchOnly(before: Fingerprint | null, after: Fingerprint): boolean {
  return before !== null && !before.startsWith('!') && mayBeSameContent(before, after);
}
