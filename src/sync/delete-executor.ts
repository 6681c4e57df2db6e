import { LongshoreError } from '../core/longshore-error.ts';
import type { Clock } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { BaseVersion, StoredFile } from '../db/files-repo.ts';
import type { OperationChange, StoredOperation } from '../db/stored-operation.ts';
import type { AutomaticDecisions } from './conflicts/automatic-decisions.ts';
import { outlastLateEffects } from './late-effects.ts';
import type { Attempt, Executor, Outcome } from './outcome.ts';
import { removeObject } from './remove-object.ts';
import { deleteSpec, type DeleteMemo } from './specs.ts';
import { bareVersion, versionOf } from './stored-version.ts';
import { authorOf } from './upload/author.ts';
import { fileOf } from './upload/inventory-file.ts';
import type { UploadTarget } from './upload/upload-context.ts';

export interface DeleteDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly conflicts: Pick<AutomaticDecisions, 'localWins' | 'outcome'>;
  target(destination: string): UploadTarget | null;
}

const BACK_AGAIN: Outcome = { kind: 'obsolete', reason: 'the file is there again' };

/** Takes the object away that a deleted file has left: only the version that we know of (P4), effectively once (P5). */
export class DeleteExecutor implements Executor {
  readonly #deps: DeleteDeps;

  constructor(deps: DeleteDeps) {
    this.#deps = deps;
  }

  async run(operation: StoredOperation, attempt: Attempt): Promise<Outcome> {
    const { repos, conflicts } = this.#deps;
    const { key } = deleteSpec(operation);
    const target = operation.destination === null ? null : this.#deps.target(operation.destination);
    if (target === null) return { kind: 'failed', error: new LongshoreError('config.destination-missing') };
    const file = fileOf(this.#deps, operation);
    if (file === null) return done({}, { result: 'nothing-there' });
    if (file.fingerprint !== null) return BACK_AGAIN;
    try {
      // A write that was given up for this, and arrives after the object has gone, would stay there.
      await outlastLateEffects(this.#deps, operation, attempt.signal);
      const base = file.base ?? (await this.#unrecorded(operation, key, target, attempt));
      if (base === null) return done({}, { result: 'nothing-there' });
      if (!(await this.#leave(operation, base))) return BACK_AGAIN;
      const removal = await removeObject({ repos, conflicts, operation, target, attempt }, key, base);
      if (removal.kind === 'conflict') return conflicts.outcome(operation, removal.found);
      const memo: DeleteMemo =
        removal.kind === 'gone' ? {} : { removed: removal.version, markerVersionId: removal.markerVersionId };
      const change = {
        memo: { ...operation.memo, ...memo },
        base: versionOf(removal.kind === 'gone' ? base : removal.version),
        remote: null,
        externalId: memo.markerVersionId ?? null,
      };
      return done(change, { result: removal.kind === 'gone' ? 'gone' : 'deleted', ...memo }, () => {
        forgetBase(repos, file);
      });
    } catch (error) {
      if (attempt.signal.aborted) return { kind: 'stopped' };
      if (!(error instanceof LongshoreError)) throw error;
      return { kind: 'failed', error };
    }
  }

  /** Stores that the object is about to go. False: a file has come to the name meanwhile. */
  #leave(operation: StoredOperation, base: BaseVersion): Promise<boolean> {
    const { repos } = this.#deps;
    return repos.checkpoint(() => {
      const file = fileOf(this.#deps, operation);
      if (file === null) return true;
      if (file.fingerprint !== null) return false;
      markLeaving(repos, file, base);
      return true;
    });
  }

  /** What an upload left there whose reply never came, as its metadata tells. Whatever else is there is another's. */
  async #unrecorded(
    operation: StoredOperation,
    key: string,
    target: UploadTarget,
    attempt: Attempt,
  ): Promise<BaseVersion | null> {
    const remote = await target.store.head(key, attempt.signal);
    return authorOf(this.#deps.repos, operation, key, remote) === 'someone-else' ? null : bareVersion(remote);
  }
}

function done(change: OperationChange, details: Readonly<Record<string, unknown>>, apply?: () => void): Outcome {
  return { kind: 'succeeded', change, details, ...(apply === undefined ? {} : { apply }) };
}

/**
 * Before it is sent: should the file come back and the reply never be recorded, then nothing at the key is our own doing
 * and no conflict.
 */
export function markLeaving(repos: Repositories, file: StoredFile, base: BaseVersion): void {
  if (base.leaving === true) return;
  repos.files.setBase(file.folder, file.dir, file.name, { ...base, leaving: true }, file.checksum);
}

/** What was known of the object is known no longer. A file that has come back meanwhile keeps its own row. */
export function forgetBase(repos: Repositories, file: StoredFile): void {
  repos.files.setBase(file.folder, file.dir, file.name, null, null);
}
