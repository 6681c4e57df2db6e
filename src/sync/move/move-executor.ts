import { LongshoreError } from '../../core/longshore-error.ts';
import type { WriteCondition } from '../../core/ports.ts';
import type { BaseVersion, StoredFile } from '../../db/files-repo.ts';
import type { OperationChange, StoredOperation } from '../../db/stored-operation.ts';
import { rememberRunning } from '../amend-running.ts';
import { forgetBase, markLeaving } from '../delete-executor.ts';
import type { Attempt, Executor, Outcome } from '../outcome.ts';
import { removeObject } from '../remove-object.ts';
import { moveSpec, type MoveMemo } from '../specs.ts';
import { fileOf, mayNeedRescan } from '../upload/inventory-file.ts';
import { SourceFile } from '../upload/source-file.ts';
import type { UploadDeps, UploadRun, UploadTarget } from '../upload/upload-context.ts';
import type { UploadExecutor } from '../upload/upload-executor.ts';
import { COPY_LIMIT_BYTES, copyObject } from './copy-object.ts';

export interface MoveOptions {
  /** Above this a copy is made in parts, bytes. Default: what S3 allows. */
  readonly copyLimitBytes?: number;
}

/** The row of the old name as it was before its object went. */
interface Leaving {
  readonly old: StoredFile;
  readonly base: BaseVersion;
}

/**
 * A file that stands under another name now: first the new object, by a copy at the service or else by sending the bytes;
 * then, in mirror mode, the old one goes. What the first step did is stored before the second begins, so that a crash at any
 * point resumes at its step (P5).
 */
export class MoveExecutor implements Executor {
  readonly #deps: UploadDeps;
  readonly #upload: Pick<UploadExecutor, 'upload' | 'written'>;
  readonly #copyLimitBytes: number;

  constructor(deps: UploadDeps, upload: Pick<UploadExecutor, 'upload' | 'written'>, options: MoveOptions = {}) {
    this.#deps = deps;
    this.#upload = upload;
    this.#copyLimitBytes = options.copyLimitBytes ?? COPY_LIMIT_BYTES;
  }

  async run(operation: StoredOperation, attempt: Attempt): Promise<Outcome> {
    const target = operation.destination === null ? null : this.#deps.target(operation.destination);
    const path = this.#deps.localPath(operation);
    if (target === null || path === null)
      return { kind: 'failed', error: new LongshoreError('config.destination-missing') };
    try {
      if ((operation.memo as MoveMemo).placed === undefined) {
        const ended = await this.#place(operation, target, path, attempt);
        if (ended !== null) return ended;
      }
      return await this.#removeOld(operation, target, attempt);
    } catch (error) {
      if (attempt.signal.aborted) return { kind: 'stopped' };
      if (!(error instanceof LongshoreError)) throw error;
      if (mayNeedRescan(error.code)) this.#deps.hintDirty(operation);
      return { kind: 'failed', error };
    }
  }

  /** Null when the new object is there and that is stored; else how the attempt ended. */
  async #place(
    operation: StoredOperation,
    target: UploadTarget,
    path: string,
    attempt: Attempt,
  ): Promise<Outcome | null> {
    const { repos } = this.#deps;
    const spec = moveSpec(operation);
    const source = await SourceFile.open(this.#deps.files, path, spec.fingerprint, spec.sizeBytes);
    try {
      const run: UploadRun = { deps: this.#deps, operation, spec, target, attempt, source };
      const outcome = await this.#copyOrSend(run);
      if (outcome.kind !== 'succeeded') return outcome;
      const { remote } = outcome.change;
      const placed: MoveMemo = {
        placed: { etag: remote?.etag ?? '', versionId: remote?.versionId ?? null },
      };
      const stored = await repos.checkpoint(() => {
        const details = { ...placed, moved: outcome.details['result'] };
        if (!rememberRunning(repos, operation, details, outcome.change)) return false;
        outcome.apply?.();
        return true;
      });
      // Another lease has it: whatever this attempt still did would be in its way.
      return stored ? null : { kind: 'stopped' };
    } finally {
      await source.close();
    }
  }

  async #copyOrSend(run: UploadRun): Promise<Outcome> {
    const { repos } = this.#deps;
    const { operation, spec } = run;
    const from = this.#old(operation);
    const base = fileOf(this.#deps, operation)?.base ?? null;
    const condition: WriteCondition = base === null ? { kind: 'create' } : { kind: 'replace', etag: base.etag };
    // A name beside another's has rules of its own.
    const copied =
      from !== null && from.key === moveSpec(operation).fromKey && !spec.beside
        ? await copyObject(run, from, condition, this.#copyLimitBytes)
        : null;
    if (copied !== null) return await this.#upload.written(run, copied, 'copied');
    const sending: MoveMemo = { sending: true };
    await repos.checkpoint(() => rememberRunning(repos, operation, { ...sending }));
    return await this.#upload.upload(run, true);
  }

  async #removeOld(operation: StoredOperation, target: UploadTarget, attempt: Attempt): Promise<Outcome> {
    const { repos, conflicts } = this.#deps;
    const spec = moveSpec(operation);
    const seen = repos.operations.bySeq(operation.seq);
    const how = seen?.memo['moved'] ?? 'copied';
    const result = {
      result: how,
      from: spec.fromKey,
      etag: seen?.remote?.etag ?? null,
      verified: seen?.verified ?? null,
    };
    const leaving = await this.#leave(operation);
    if (typeof leaving === 'string') return succeeded({}, { ...result, old: leaving });
    const { old, base } = leaving;
    const removal = await removeObject({ repos, conflicts, operation, target, attempt }, spec.fromKey, base);
    if (removal.kind === 'conflict') return conflicts.outcome(operation, removal.found);
    const marker = removal.kind === 'removed' ? removal.markerVersionId : null;
    return succeeded({}, { ...result, old: removal.kind, markerVersionId: marker }, () => {
      forgetBase(repos, old);
    });
  }

  /** Stores that the old object is about to go; or why it stays. */
  #leave(operation: StoredOperation): Promise<Leaving | 'stays' | 'in-use'> {
    const { repos, conflicts } = this.#deps;
    const spec = moveSpec(operation);
    return repos.checkpoint(() => {
      // Queued in mirror mode, it may run when its folder follows no deletes any more.
      if (conflicts.deps.rules(operation).mode !== 'mirror') return 'stays';
      const old = this.#old(operation);
      if (!spec.deleteSource || old === null || old.base === null || old.key !== spec.fromKey) return 'stays';
      // A file came to the old name meanwhile: its object is that one's base from now on.
      if (old.fingerprint !== null) return 'in-use';
      markLeaving(repos, old, old.base);
      return { old, base: old.base };
    });
  }

  /** The inventory's row of the old name: it keeps the base until the object is gone. */
  #old(operation: StoredOperation): StoredFile | null {
    return fileOf(this.#deps, { ...operation, path: moveSpec(operation).fromPath });
  }
}

function succeeded(change: OperationChange, details: Readonly<Record<string, unknown>>, apply?: () => void): Outcome {
  return { kind: 'succeeded', change, details, ...(apply === undefined ? {} : { apply }) };
}
