import { assertNever } from '../core/assert.ts';
import { errorEntry } from '../core/error-table.ts';
import type { LongshoreError } from '../core/longshore-error.ts';
import type { OperationError } from '../core/operation.ts';
import type { EpochMs, Random } from '../core/ports.ts';
import type { Step } from '../db/operations-repo.ts';
import type { Repositories } from '../db/repositories.ts';
import type { OperationChange, StoredOperation } from '../db/stored-operation.ts';
import { decide } from '../resilience/decide.ts';
import type { RetryPolicy } from '../resilience/retry-policy.ts';
import type { Outcome } from './outcome.ts';
import { takeUpAgain } from './take-up-again.ts';

export function operationError(error: LongshoreError): OperationError {
  return {
    code: error.code,
    class: error.class,
    message: error.message,
    hint: error.hint,
    detail: error.context.detail ?? null,
    ...(error.context.detailFrom === undefined ? {} : { detailFrom: error.context.detailFrom }),
  };
}

/** The error of a code without further facts: conflicts, crash loops. */
export function errorOfCode(code: OperationError['code'], detail: string | null = null): OperationError {
  const entry = errorEntry(code);
  return { code, class: entry.class, message: entry.en.message, hint: entry.en.hint, detail };
}

export type Settled =
  | { readonly kind: 'stale' }
  /** `operation` as it now is; `unreachable` when the service has to be gated. */
  | { readonly kind: 'settled'; readonly operation: StoredOperation; readonly unreachable: LongshoreError | null };

/** An attempt that has ended. */
export interface Ended {
  readonly leased: StoredOperation;
  readonly outcome: Outcome;
  readonly policy: RetryPolicy;
}

/**
 * What `settle` does, for many at once and in their order. Successes, by far the most, are written together: what an apply
 * of one does to another's row is not undone by it, as steps write what they change and nothing else.
 */
export function settleAll(repos: Repositories, ended: readonly Ended[], random: Random, now: EpochMs): Settled[] {
  const successes = new Map<number, Step>();
  const settled = ended.map((one, index): Settled => {
    const { leased, outcome, policy } = one;
    if (outcome.kind !== 'succeeded') return settle(repos, leased, outcome, policy, random, now);
    const seen = stillLeased(repos, leased);
    if (seen !== null) successes.set(index, success(seen, outcome));
    return STALE;
  });
  const written = repos.operations.transitionAll([...successes.values()]);
  [...successes.keys()].forEach((index, at) => {
    settled[index] = asSettled(written[at] ?? null);
  });
  return settled;
}

const STALE: Settled = { kind: 'stale' };

function asSettled(operation: StoredOperation | null, unreachable: LongshoreError | null = null): Settled {
  return operation === null ? STALE : { kind: 'settled', operation, unreachable };
}

/** The row as it is now; null where the lease is gone. */
function stillLeased(repos: Repositories, leased: StoredOperation): StoredOperation | null {
  const seen = repos.operations.bySeq(leased.seq);
  const holds =
    seen?.state === 'running' && seen.leaseEpoch === leased.leaseEpoch && seen.leaseAttempt === leased.leaseAttempt;
  return holds ? seen : null;
}

/** Applies what the success stands for, and gives the step that tells of it. */
function success(seen: StoredOperation, outcome: Extract<Outcome, { kind: 'succeeded' }>): Step {
  outcome.apply?.();
  return {
    seen,
    event: 'succeed',
    change: { ...outcome.change, error: null, deaths: 0, attempts: seen.attempts + 1 },
    note: { details: outcome.details },
  };
}

/** Ends what ran and was told to end: as cancelled, or as superseded. In the caller's transaction. */
export function endAsTold(repos: Repositories, told: StoredOperation, change: OperationChange): StoredOperation | null {
  if (told.ending !== 'cancelled') return repos.operations.transition(told, 'supersede', change);
  if (told.kind === 'file.download') takeUpAgain(repos, told);
  return repos.operations.transition(told, 'cancel', change);
}

/**
 * Turns an outcome into the next state, in the caller's transaction. Fenced by the lease: an executor whose lease is gone
 * changes nothing. An operation that was told to end does so unless its work was done in time.
 */
export function settle(
  repos: Repositories,
  leased: StoredOperation,
  outcome: Outcome,
  policy: RetryPolicy,
  random: Random,
  now: EpochMs,
): Settled {
  const seen = stillLeased(repos, leased);
  if (seen === null) return STALE;
  if (seen.ending !== null && outcome.kind !== 'succeeded') {
    return asSettled(endAsTold(repos, seen, { ...outcome.change, deaths: 0 }));
  }
  switch (outcome.kind) {
    case 'succeeded':
      return asSettled(repos.operations.transitionAll([success(seen, outcome)])[0] ?? null);
    case 'conflict':
      return asSettled(settleConflict(repos, seen, outcome));
    case 'obsolete':
      return asSettled(
        repos.operations.transition(
          seen,
          'supersede',
          { ...outcome.change, deaths: 0 },
          { details: { reason: outcome.reason } },
        ),
      );
    case 'stopped':
      return asSettled(
        repos.operations.transition(seen, 'release', { ...outcome.change, deaths: 0 }, { type: 'stopped' }),
      );
    case 'failed':
      return settleFailure(repos, seen, outcome, policy, random, now);
    default:
      return assertNever(outcome);
  }
}

/** A strategy may decide it in the same breath: nobody ever sees the conflict open then, but both are in the history. */
function settleConflict(
  repos: Repositories,
  seen: StoredOperation,
  outcome: Extract<Outcome, { kind: 'conflict' }>,
): StoredOperation | null {
  const { code, base, remote, detail = null } = outcome;
  const conflict = repos.operations.transition(
    seen,
    'conflict',
    {
      ...outcome.change,
      error: errorOfCode(code, detail),
      base,
      remote,
      attempts: seen.attempts + 1,
      deaths: 0,
      bytesDone: 0,
    },
    { details: { code, base, remote, ...(detail === null ? {} : { reason: detail }) } },
  );
  if (conflict === null || outcome.decide === undefined) return conflict;
  outcome.decide(conflict);
  return repos.operations.bySeq(conflict.seq);
}

function settleFailure(
  repos: Repositories,
  seen: StoredOperation,
  outcome: Extract<Outcome, { kind: 'failed' }>,
  policy: RetryPolicy,
  random: Random,
  now: EpochMs,
): Settled {
  const { error } = outcome;
  const attempts = seen.attempts + 1;
  const decision = decide(error, attempts, policy, random.fraction());
  const shown = operationError(error);
  const details = { code: error.code, detail: error.context.detail ?? null, attempt: attempts };
  switch (decision.kind) {
    case 'retry': {
      const dueAt = now + decision.delayMs;
      const change = { ...outcome.change, attempts, dueAt, error: shown, deaths: 0 };
      return asSettled(repos.operations.transition(seen, 'retry-later', change, { details: { ...details, dueAt } }));
    }
    case 'fail':
    case 'conflict': {
      const change = { ...outcome.change, attempts, error: shown, deaths: 0 };
      return asSettled(
        repos.operations.transition(seen, 'fail', change, {
          details: { ...details, exhausted: decision.kind === 'fail' && decision.exhausted },
        }),
      );
    }
    case 'gate': {
      const change = { ...outcome.change, error: shown, deaths: 0 };
      return asSettled(
        repos.operations.transition(seen, 'release', change, { type: 'unreachable', details: { code: error.code } }),
        error,
      );
    }
    default:
      return assertNever(decision);
  }
}
