import { LongshoreError } from '../../core/longshore-error.ts';
import { partSizeFor } from '../../core/part-plan.ts';
import type { Checksum, ObjectAttributes, RemoteObject, RemoteVersion, WriteCondition } from '../../core/ports.ts';
import type { BaseVersion } from '../../db/files-repo.ts';
import type { StoredOperation, StoredVersion } from '../../db/stored-operation.ts';
import { discardLocal } from '../conflicts/discard-local.ts';
import { nextBesideKey } from '../conflicts/next-beside-key.ts';
import { restoreVersion, type RestoreLimits } from '../conflicts/restore-version.ts';
import { objectMetadata, partSizeOf } from '../object-metadata.ts';
import { outlastLateEffects } from '../late-effects.ts';
import type { Attempt, Executor, Outcome } from '../outcome.ts';
import { uploadSpec } from '../specs.ts';
import { conflictingVersion, versionOf } from '../stored-version.ts';
import { authorOf } from './author.ts';
import { madeBase, mayNeedRescan, rowOfObject } from './inventory-file.ts';
import { judgeRemote } from './judge-remote.ts';
import { leaveElsewhere, multipart } from './multipart.ts';
import { sameContent, type Comparison } from './same-content.ts';
import { singlePut } from './single-put.ts';
import { SourceFile } from './source-file.ts';
import type { UploadDeps, UploadRun, Written } from './upload-context.ts';

/** How often one attempt may find that the remote side moved before it gives the turn back to the retry policy. */
const MAX_TURNS = 4;

/** Gets one file to its destination: conditional, verified, resumable. */
export class UploadExecutor implements Executor {
  readonly #deps: UploadDeps;
  readonly #restoreLimits: RestoreLimits | undefined;

  /** `restoreLimits`: what the service copies in one request. Default: what S3 does. */
  constructor(deps: UploadDeps, restoreLimits?: RestoreLimits) {
    this.#deps = deps;
    this.#restoreLimits = restoreLimits;
  }

  async run(operation: StoredOperation, attempt: Attempt): Promise<Outcome> {
    const spec = uploadSpec(operation);
    const target = operation.destination === null ? null : this.#deps.target(operation.destination);
    const path = this.#deps.localPath(operation);
    if (target === null || path === null)
      return { kind: 'failed', error: new LongshoreError('config.destination-missing') };
    let source: SourceFile | null = null;
    try {
      if (spec.restores !== undefined)
        return await restoreVersion(this.#deps, operation, spec.restores, target, attempt, this.#restoreLimits);
      if (spec.discard === true) return await discardLocal(this.#deps, operation, target, path, attempt);
      source = new SourceFile(this.#deps.files, path, spec.fingerprint, spec.sizeBytes);
      // Small ones are leased by the hundred: each is opened when it is read. A large one begins an upload before that.
      if (spec.sizeBytes > target.partSizeBytes) await source.checkUnchanged();
      const run: UploadRun = { deps: this.#deps, operation, spec, target, attempt, source };
      return (await this.#unchanged(run)) ?? (await this.upload(run));
    } catch (error) {
      if (attempt.signal.aborted) return { kind: 'stopped' };
      if (!(error instanceof LongshoreError)) throw error;
      if (mayNeedRescan(error.code)) this.#deps.hintDirty(operation);
      return { kind: 'failed', error };
    } finally {
      await source?.close();
    }
  }

  /** A file whose times moved but whose content is what the storage has: nothing is sent. */
  async #unchanged(run: UploadRun): Promise<Outcome | null> {
    const { spec, source, operation, attempt, deps } = run;
    const known = rowOfObject(deps, operation);
    if (!spec.hashFirst || known === null || known.base === null || known.checksum === null) return null;
    if (deps.repos.uploads.get(operation.id) !== null) return null;
    const [algorithm, value] = known.checksum.split(':');
    if (algorithm !== 'CRC64NVME' && algorithm !== 'CRC32') return null;
    const checksum = await source.checksum(algorithm, attempt.signal);
    if (checksum.value !== value) return null;
    const { base } = known;
    const remote = { etag: base.etag, versionId: base.versionId, sizeBytes: spec.sizeBytes, lastModified: null };
    const change = { bytesDone: spec.sizeBytes, remote };
    if (deps.needsProof?.(operation) !== true && madeBase(deps, operation, base)) {
      await source.checkInPlace();
      return { kind: 'succeeded', change, details: { result: 'unchanged' } };
    }
    await outlastLateEffects(deps, operation, attempt.signal);
    const content = await this.#atBase(run, base, checksum);
    if (content === 'different') return null;
    await source.checkInPlace();
    const verified = content === 'same';
    return { kind: 'succeeded', change: { ...change, verified }, details: { result: 'unchanged', verified } };
  }

  /** What the service has under the version that we know of, compared with our file; 'different' where it has another one. */
  async #atBase({ spec, source, target, attempt }: UploadRun, base: BaseVersion, known: Checksum): Promise<Comparison> {
    const remote = await target.store.head(spec.key, attempt.signal);
    if (remote === null || remote.etag !== base.etag) return 'different';
    return await sameContent(remote, source, [known], partSizeOf(remote.metadata), attempt.signal);
  }

  /** Also of a move whose copy can't be had. `look`: something is known to have happened at the key. */
  async upload(first: UploadRun, look = false): Promise<Outcome> {
    let run = first;
    const { source, target, attempt, deps, operation } = run;
    let base: BaseVersion | null = run.spec.beside ? null : (rowOfObject(deps, operation)?.base ?? null);
    leaveElsewhere(run);
    // What was begun in parts here is ended in parts, whatever their size would be now: else it would stay open there.
    const large = source.sizeBytes > target.partSizeBytes || deps.repos.uploads.get(operation.id) !== null;
    // A conflict that shows only at the end is dear: look before many bytes are sent.
    let lookFirst = look || (large && deps.repos.uploads.get(operation.id) === null);
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      if (!lookFirst) {
        const condition: WriteCondition = base === null ? { kind: 'create' } : { kind: 'replace', etag: base.etag };
        const written = await this.#write(run, condition, large);
        if (written !== null) return await this.written(run, written, 'uploaded');
      }
      lookFirst = false;
      const remote = await target.store.head(run.spec.key, attempt.signal);
      // The file was deleted here and came back: that nothing is there may be our own doing.
      if (remote === null && base?.leaving === true) base = null;
      const author = authorOf(run.deps.repos, run.operation, run.spec.key, remote);
      const plan = large ? partSizeFor(source.sizeBytes, target.partSizeBytes) : null;
      const partSize = (remote === null ? null : partSizeOf(remote.metadata)) ?? plan;
      const expected = remote === null || (base !== null && remote.etag === base.etag && author !== 'this-operation');
      const content = expected ? 'unknown' : await sameContent(remote, source, [], partSize, attempt.signal);
      const judgement = judgeRemote(base, remote, author, content);
      switch (judgement.kind) {
        case 'go':
          break;
        case 'rebase':
          base = remote;
          break;
        case 'already-written':
        case 'identical':
          if (await outlastLateEffects(run.deps, run.operation, run.attempt.signal)) {
            lookFirst = true;
            break;
          }
          await source.checkInPlace();
          return this.#settled(run, remote, content === 'same', judgement.kind);
        case 'conflict': {
          if (run.spec.beside) {
            // The name beside theirs is taken as well.
            run = nextBesideKey(run);
            break;
          }
          const found = { code: judgement.code, base: versionOf(base), remote: conflictingVersion(remote) };
          if (!deps.conflicts.localWins(operation, found)) return deps.conflicts.outcome(operation, found);
          base = remote;
          break;
        }
      }
    }
    throw new LongshoreError('s3.busy', { subject: run.spec.key, detail: 'it is changed there again and again' });
  }

  /** Null when the service says that the condition does not hold. */
  async #write(run: UploadRun, condition: WriteCondition, large: boolean): Promise<Written | null> {
    const { source, target } = run;
    const partSizeBytes = large ? partSizeFor(source.sizeBytes, target.partSizeBytes) : null;
    const object: ObjectAttributes = {
      key: run.spec.key,
      contentType: run.operation.contentType ?? 'application/octet-stream',
      metadata: objectMetadata(run.operation.id, run.spec, run.target.device, partSizeBytes),
    };
    try {
      return large ? await multipart(run, object, condition) : await singlePut(run, object, condition);
    } catch (error) {
      if (!(error instanceof LongshoreError)) throw error;
      if (error.class === 'conflict') return null;
      if (large && error.code === 's3.no-such-upload') {
        // Completed by an attempt whose reply was lost, or expired: the look at the key tells. Nothing is left to resume.
        run.deps.repos.transaction(() => {
          run.deps.repos.uploads.remove(run.operation.id);
          run.deps.repos.operations.setBytesDone(run.operation, 0);
        });
        return null;
      }
      throw error;
    }
  }

  /** The service took it: compare what it has with our file, from the reply or by another look (P3). */
  async written(run: UploadRun, written: Written, result: 'uploaded' | 'copied'): Promise<Outcome> {
    const { spec, source, target, attempt } = run;
    const { reply, checksum } = written;
    const reported = reply.checksums.find((sum) => sum.algorithm === checksum.algorithm);
    if (reported !== undefined && reply.etag !== null && reported.value === checksum.value) {
      const version = { etag: reply.etag, versionId: reply.versionId, sizeBytes: source.sizeBytes, lastModified: null };
      return this.#success(run, version, true, result, `${checksum.algorithm}:${checksum.value}`);
    }
    const remote = await target.store.head(spec.key, attempt.commitSignal);
    if (remote === null)
      throw new LongshoreError('s3.busy', { subject: spec.key, detail: 'the object is not there after the write' });
    if (authorOf(run.deps.repos, run.operation, run.spec.key, remote) !== 'this-operation') {
      // Another hand replaced it in this instant. Ours was there; theirs is judged at the next local change, and must not
      // become our base: without an ETag of ours there is none.
      const { etag, versionId } = reply;
      const version = etag === null ? null : { etag, versionId, sizeBytes: source.sizeBytes, lastModified: null };
      return this.#success(run, version, false, result, `${checksum.algorithm}:${checksum.value}`);
    }
    const content = await sameContent(remote, source, [checksum], written.partSizeBytes, attempt.commitSignal);
    if (content === 'different') throw new LongshoreError('s3.checksum-mismatch', { subject: spec.key });
    return this.#success(run, versionOf(remote), content === 'same', result, `${checksum.algorithm}:${checksum.value}`);
  }

  #settled(run: UploadRun, remote: RemoteObject | null, verified: boolean, result: string): Outcome {
    const checksum = remote?.checksums[0];
    return this.#success(
      run,
      versionOf(remote),
      verified,
      result,
      checksum === undefined ? null : `${checksum.algorithm}:${checksum.value}`,
    );
  }

  #success(
    run: UploadRun,
    version: StoredVersion | null,
    verified: boolean,
    result: string,
    checksum: string | null,
  ): Outcome {
    const { deps, operation, spec, target } = run;
    const base: RemoteVersion | null = version === null ? null : { etag: version.etag, versionId: version.versionId };
    return {
      kind: 'succeeded',
      change: {
        bytesDone: spec.sizeBytes,
        verified,
        remote: version,
        externalId: version?.versionId ?? version?.etag ?? null,
        externalUrl: target.objectUrl(spec.key),
      },
      details: { result, etag: version?.etag ?? null, verified },
      apply: () => {
        // In the other cases an upload of ours may still be open, of an attempt that sent what was copied later, say: the
        // schema's trigger has it aborted.
        if (result === 'uploaded') deps.repos.uploads.remove(operation.id);
        // A file that the inventory has no longer has no row to change.
        const file = rowOfObject(deps, operation);
        if (file === null) return;
        const kept = spec.beside ? (operation.remote ?? null) : base;
        deps.repos.files.setBase(file.folder, file.dir, file.name, kept, spec.beside ? null : checksum);
      },
    };
  }
}
