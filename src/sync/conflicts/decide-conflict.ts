import { assertNever } from '../../core/assert.ts';
import type { ConflictStrategy } from '../../config/config-types.ts';
import type { EpochMs } from '../../core/ports.ts';

export type { ConflictStrategy };

/** The side that stays. */
export type Side = 'local' | 'remote' | 'both';

/** Why it was decided so, or why it could not be. Stored in the history. */
export type DecisionReason =
  | 'strategy' // the strategy says so, whatever the versions
  | 'only-version' // the other side has no content that could be kept
  | 'local-newer'
  | 'remote-newer'
  | 'same-time'
  | 'time-unknown';

export interface ConflictFacts {
  readonly strategy: ConflictStrategy;
  /** What happened here since the base: the file has other content (or is new), or it is not there any more. */
  readonly here: 'edited' | 'gone';
  /** The file's modification time; of a file that is gone: when a scan missed it, so at the latest then it went. */
  readonly localTimeMs: EpochMs;
  /** What is in the storage; null: it was deleted there. */
  readonly remote: {
    /** The file's modification time on the device that wrote it; null when it was not Longshore. */
    readonly mtimeMs: EpochMs | null;
    /** By the service's clock, in whole seconds. */
    readonly lastModified: EpochMs | null;
  } | null;
  /** How far the service's clock is ahead of ours, ms. */
  readonly skewMs: number;
}

export type ConflictDecision =
  | { readonly kind: 'keep'; readonly side: Side; readonly reason: DecisionReason }
  | { readonly kind: 'ask'; readonly reason: DecisionReason };

const keep = (side: Side, reason: DecisionReason): ConflictDecision => ({ kind: 'keep', side, reason });
const ask = (reason: DecisionReason): ConflictDecision => ({ kind: 'ask', reason });

/** LastModified has whole seconds. */
const SERVICE_TIME_RESOLUTION_MS = 1000;

/** Who wins, and why (DESIGN section 7). Pure. */
export function decideConflict(facts: ConflictFacts): ConflictDecision {
  switch (facts.strategy) {
    case 'manual':
      return ask('strategy');
    case 'local-wins':
      return keep('local', 'strategy');
    case 'remote-wins':
      return keep('remote', 'strategy');
    case 'keep-both':
      if (facts.remote === null) return keep('local', 'only-version');
      return facts.here === 'gone' ? keep('remote', 'only-version') : keep('both', 'strategy');
    case 'newest-wins':
      return newest(facts);
    default:
      return assertNever(facts.strategy);
  }
}

/** When something was deleted is known of neither side for certain: only what is later than both can win then. */
function newest({ here, localTimeMs, remote, skewMs }: ConflictFacts): ConflictDecision {
  if (remote === null) return ask('time-unknown');
  const served = remote.lastModified === null ? null : remote.lastModified - skewMs;
  const remoteTimeMs = remote.mtimeMs ?? served;
  if (remoteTimeMs === null) return ask('time-unknown');
  const ahead = Math.floor(localTimeMs) - Math.floor(remoteTimeMs);
  const resolutionMs = remote.mtimeMs === null ? SERVICE_TIME_RESOLUTION_MS : 1;
  if (Math.abs(ahead) < resolutionMs) return ask('same-time');
  if (ahead < 0) return keep('remote', 'remote-newer');
  return here === 'gone' ? ask('time-unknown') : keep('local', 'local-newer');
}

/** Why a strategy leaves it to a person, in one sentence; null where the folder always asks. */
export function whyAsked(reason: DecisionReason): string | null {
  if (reason === 'same-time') return 'Both versions have the same time, so neither is the newest.';
  if (reason === 'time-unknown')
    return 'It is not known when this happened on the other side, so neither is the newest.';
  return null;
}
