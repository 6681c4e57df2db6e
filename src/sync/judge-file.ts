import { mayBeSameContent, type Fingerprint } from '../core/fingerprint.ts';
import type { EpochMs, ScannedFile } from '../core/ports.ts';
import type { StoredFile } from '../db/files-repo.ts';

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
  const stableAt = touchedAt + stabilityMs;
  if (stableAt > now) return { kind: 'settling', lookAgainAt: Math.min(stableAt, now + stabilityMs) };
  return { kind: 'queue', hashFirst: isTouchOnly(known?.fingerprint ?? null, found.fingerprint) };
}

function isTouchOnly(before: Fingerprint | null, after: Fingerprint): boolean {
  return before !== null && !before.startsWith('!') && mayBeSameContent(before, after);
}
