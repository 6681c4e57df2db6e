import type { Clock } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { Executor, Outcome } from './outcome.ts';
import { uploadSpec } from './specs.ts';

/** What a folder wants done with an operation's file once it is ready. */
export type AfterUploadRule =
  | { readonly action: 'trash'; readonly archivePath: null }
  /** Absolute, with the file's relative path kept. */
  | { readonly action: 'archive'; readonly archivePath: string };

export interface RecordAfterUploadDeps {
  readonly repos: Repositories;
  readonly clock: Pick<Clock, 'now'>;
  /** Null: the file stays. */
  rule(operation: StoredOperation): AfterUploadRule | null;
}

/**
 * Outcomes after which the storage holds exactly the bytes of the local file, where they are verified. `unchanged`: it was
 * touched after its upload and before what was to be done with it.
 */
const STORED = new Set<unknown>(['uploaded', 'copied', 'already-written', 'identical', 'unchanged']);

/**
 * The executor, whose success also records what is to be done with the file, in the same transaction: a crash between the
 * two can't be. What could not be verified stays where it is (P3, P13).
 */
export function recordAfterUpload(inner: Executor, deps: RecordAfterUploadDeps): Executor {
  return {
    run: async (operation, attempt) => {
      const outcome = await inner.run(operation, attempt);
      const rule = isStored(outcome) ? deps.rule(operation) : null;
      if (outcome.kind !== 'succeeded' || rule === null || operation.folder === null || operation.path === null)
        return outcome;
      const { folder, path } = operation;
      const { fingerprint } = uploadSpec(operation);
      return {
        ...outcome,
        apply: () => {
          outcome.apply?.();
          // Told to end, it has done its work all the same; but the folder or a person wants something else by now.
          if (deps.repos.operations.bySeq(operation.seq)?.ending !== null) return;
          deps.repos.afterUploads.insert({
            operation: operation.id,
            ...rule,
            folder,
            path,
            fingerprint,
            dueAt: deps.clock.now(),
          });
        },
      };
    },
  };
}

function isStored(outcome: Outcome): boolean {
  if (outcome.kind !== 'succeeded' || !STORED.has(outcome.details['result'])) return false;
  return outcome.change.verified === true || outcome.details['verified'] === true;
}
