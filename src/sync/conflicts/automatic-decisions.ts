import { errorOfCode } from '../settle.ts';
import type { OperationChange, StoredOperation, StoredVersion } from '../../db/stored-operation.ts';
import { mtimeOf } from '../object-metadata.ts';
import type { Outcome } from '../outcome.ts';
import { splitPath } from '../paths.ts';
import { applyDecision, decisionNote, rebase } from './apply-decision.ts';
import { conflictSubject, type ConflictDeps, type ConflictSubject, type FoundConflict } from './conflict-rules.ts';
import { decideConflict, whyAsked, type ConflictDecision } from './decide-conflict.ts';

/** After so many attempts a strategy that sends again leaves it to a person: another keeps overwriting. */
const MAX_ATTEMPTS = 20;
const KEEPS_CHANGING = 'It is changed there again and again: another program or device overwrites it as well.';

/** Applies the folders' strategies when executors meet conflicts; what no strategy decides waits for a person. */
export class AutomaticDecisions {
  readonly deps: ConflictDeps;

  constructor(deps: ConflictDeps) {
    this.deps = deps;
  }

  /**
   * Ours wins by the folder's strategy: recorded like a person's choice, and the inventory's base is now the version that was
   * met, under which the executor goes on in the same attempt. It has to bound its turns. False also when the lease is gone.
   */
  localWins(operation: StoredOperation, found: FoundConflict): boolean {
    const { repos } = this.deps;
    const decision = this.#decide(operation, found);
    if (decision.kind === 'ask' || decision.side !== 'local') return false;
    const { strategy } = this.deps.rules(operation);
    return repos.transaction(() => {
      const subject = conflictSubject(repos, operation);
      const { base, remote } = found;
      const seen = repos.operations.bySeq(operation.seq);
      if (seen?.state !== 'running' || seen.leaseAttempt !== operation.leaseAttempt || seen.ending !== null)
        return false;
      const met = repos.operations.amend(seen, { base, remote }, { type: 'conflict-found', details: { ...found } });
      if (met === null) return false;
      const by = { kind: 'strategy', strategy, reason: decision.reason } as const;
      repos.operations.amend(met, {}, decisionNote(subject, found, 'local', by));
      rebase(this.deps, operation, subject, remote);
      return true;
    });
  }

  /** The outcome of an attempt that met a conflict: decided in the transaction that settles it, if the strategy can. */
  outcome(operation: StoredOperation, found: FoundConflict, change: OperationChange = {}): Outcome {
    const decision = this.#decide(operation, found);
    if (decision.kind === 'ask') return { kind: 'conflict', ...found, change, detail: whyAsked(decision.reason) };
    const { strategy } = this.deps.rules(operation);
    const decide = (conflict: StoredOperation): void => {
      const again = decision.side !== 'remote' && conflict.attempts >= MAX_ATTEMPTS;
      const by = { kind: 'strategy', strategy, reason: decision.reason } as const;
      const refused = again ? { reason: KEEPS_CHANGING } : applyDecision(this.deps, conflict, decision.side, by);
      if (refused === null) return;
      this.deps.repos.operations.amend(conflict, { error: errorOfCode(found.code, refused.reason) });
    };
    return { kind: 'conflict', ...found, change, detail: null, decide };
  }

  #decide(operation: StoredOperation, found: FoundConflict): ConflictDecision {
    const { strategy, skewMs } = this.deps.rules(operation);
    const subject = conflictSubject(this.deps.repos, operation);
    return decideConflict({
      strategy,
      skewMs,
      here: subject.here,
      localTimeMs: subject.local?.mtimeMs ?? this.#goneAt(operation, subject),
      remote: found.remote === null ? null : remoteTimes(found.remote),
    });
  }

  /** When a scan missed the file; the operation that follows from it was made later. */
  #goneAt(operation: StoredOperation, { path }: ConflictSubject): number {
    if (operation.folder === null) return operation.createdAt;
    const { dir, name } = splitPath(path);
    return this.deps.repos.tombstones.get(operation.folder, dir, name)?.goneAt ?? operation.createdAt;
  }
}

function remoteTimes(remote: StoredVersion) {
  return { mtimeMs: mtimeOf(remote.metadata), lastModified: remote.lastModified };
}
