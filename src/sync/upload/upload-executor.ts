import { LongshoreError } from '../../core/longshore-error.ts';
import type { ObjectAttributes, RemoteObject, RemoteVersion, WriteCondition } from '../../core/ports.ts';
import type { StoredOperation, StoredVersion } from '../../db/stored-operation.ts';
import type { Attempt, Executor, Outcome } from '../outcome.ts';
import { uploadSpec } from '../specs.ts';
import { fileOf, mayNeedRescan } from './inventory-file.ts';
import { judgeRemote, type Author } from './judge-remote.ts';
import { multipart } from './multipart.ts';
import { sameContent } from './same-content.ts';
import { singlePut } from './single-put.ts';
import { SourceFile } from './source-file.ts';
import type { Base, UploadDeps, UploadRun, Written } from './upload-context.ts';

/** How often one attempt may find that the remote side moved before it gives the turn back to the retry policy. */
const MAX_TURNS = 4;

/** Object metadata by which our own write is recognised when its reply was lost (DESIGN section 6). */
const METADATA_OPERATION = 'longshore-op';

/** Gets one file to its destination: conditional, verified, resumable. */
export class UploadExecutor implements Executor {
  readonly #deps: UploadDeps;

  constructor(deps: UploadDeps) {
    this.#deps = deps;
  }

  async run(operation: StoredOperation, attempt: Attempt): Promise<Outcome> {
    const spec = uploadSpec(operation);
    const target = operation.destination === null ? null : this.#deps.target(operation.destination);
    const path = this.#deps.localPath(operation);
    if (target === null || path === null)
      return { kind: 'failed', error: new LongshoreError('config.destination-missing') };
    let source: SourceFile | null = null;
    try {
      source = await SourceFile.open(this.#deps.files, path, spec.fingerprint, spec.sizeBytes);
      const run: UploadRun = { deps: this.#deps, operation, spec, target, attempt, source };
      return (await this.#unchanged(run)) ?? (await this.#upload(run));
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
    const known = fileOf(deps, operation);
    if (!spec.hashFirst || known === null || known.base === null || known.checksum === null) return null;
    if (deps.repos.uploads.get(operation.id) !== null) return null;
    const [algorithm, value] = known.checksum.split(':');
    if (algorithm !== 'CRC64NVME' && algorithm !== 'CRC32') return null;
    const checksum = await source.checksum(algorithm, attempt.signal);
    if (checksum.value !== value) return null;
    await source.checkInPlace();
    return { kind: 'succeeded', change: { bytesDone: spec.sizeBytes }, details: { result: 'unchanged' } };
  }

  async #upload(run: UploadRun): Promise<Outcome> {
    const { spec, source, target, attempt, deps, operation } = run;
    let base: Base = spec.beside ? null : (fileOf(deps, operation)?.base ?? null);
    const large = source.sizeBytes > target.partSizeBytes;
    // A conflict that shows only at the end is dear: look before many bytes are sent.
    let lookFirst = large && deps.repos.uploads.get(operation.id) === null;
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      if (!lookFirst) {
        const condition: WriteCondition = base === null ? { kind: 'create' } : { kind: 'replace', etag: base.etag };
        const written = await this.#write(run, condition, large);
        if (written !== null) return await this.#written(run, written);
      }
      lookFirst = false;
      const remote = await target.store.head(spec.key, attempt.signal);
      const author = this.#author(run, remote);
      const partSize = large ? target.partSizeBytes : null;
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
          await source.checkInPlace();
          return this.#settled(run, remote, content === 'same', judgement.kind);
        case 'conflict':
          return {
            kind: 'conflict',
            code: judgement.code,
            change: {},
            base: versionOf(base),
            remote: versionOf(remote),
          };
      }
    }
    throw new LongshoreError('s3.busy', { subject: spec.key });
  }

  /** Null when the service says that the condition does not hold. */
  async #write(run: UploadRun, condition: WriteCondition, large: boolean): Promise<Written | null> {
    const object: ObjectAttributes = {
      key: run.spec.key,
      contentType: run.operation.contentType ?? 'application/octet-stream',
      metadata: {
        [METADATA_OPERATION]: run.operation.id,
        'longshore-mtime': String(Math.floor(run.spec.mtimeMs)),
        'longshore-device': encodeURIComponent(run.target.device).slice(0, 200),
        ...(run.spec.originalName === null ? {} : { 'longshore-name': run.spec.originalName }),
      },
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

  #author(run: UploadRun, remote: RemoteObject | null): Author {
    const id = remote?.metadata[METADATA_OPERATION];
    if (id === undefined) return 'someone-else';
    if (id === run.operation.id) return 'this-operation';
    const earlier = run.deps.repos.operations.byId(id);
    const same =
      earlier !== null && earlier.destination === run.operation.destination && earlier.target === run.spec.key;
    if (!same) return 'someone-else';
    // Its success is recorded. If that version is not what we know of the key any more, somebody has brought it back.
    const { folder } = run.operation;
    const known = folder !== null && run.deps.repos.files.knowsVersion(folder, run.spec.key, remote?.etag ?? '');
    return earlier.state !== 'succeeded' || known ? 'earlier-operation' : 'someone-else';
  }

  /** The service took it: compare what it has with what we sent, from the reply or by another look (P3). */
  async #written(run: UploadRun, written: Written): Promise<Outcome> {
    const { spec, source, target, attempt } = run;
    const { reply, checksum } = written;
    const reported = reply.checksums.find((sum) => sum.algorithm === checksum.algorithm);
    if (reported !== undefined && reply.etag !== null && reported.value === checksum.value) {
      const version = { etag: reply.etag, versionId: reply.versionId, sizeBytes: source.sizeBytes, lastModified: null };
      return this.#success(run, version, true, 'uploaded', `${checksum.algorithm}:${checksum.value}`);
    }
    const remote = await target.store.head(spec.key, attempt.commitSignal);
    if (remote === null)
      throw new LongshoreError('s3.busy', { subject: spec.key, detail: 'the object is not there after the write' });
    if (this.#author(run, remote) !== 'this-operation') {
      // Another hand replaced it in this instant. Ours was there; theirs is judged at the next local change, and must not
      // become our base: without an ETag of ours there is none.
      const { etag, versionId } = reply;
      const version = etag === null ? null : { etag, versionId, sizeBytes: source.sizeBytes, lastModified: null };
      return this.#success(run, version, false, 'uploaded', `${checksum.algorithm}:${checksum.value}`);
    }
    const content = await sameContent(remote, source, [checksum], written.partSizeBytes, attempt.commitSignal);
    if (content === 'different') throw new LongshoreError('s3.checksum-mismatch', { subject: spec.key });
    return this.#success(
      run,
      versionOf(remote),
      content === 'same',
      'uploaded',
      `${checksum.algorithm}:${checksum.value}`,
    );
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
        // In the other cases an upload of ours may still be open: the schema's trigger has it aborted.
        if (result === 'uploaded') deps.repos.uploads.remove(operation.id);
        if (operation.folder === null || operation.path === null) return;
        const file = fileOf(deps, operation);
        if (file === null) return;
        const kept = spec.beside ? (operation.remote ?? null) : base;
        deps.repos.files.setBase(file.folder, file.dir, file.name, kept, spec.beside ? null : checksum);
      },
    };
  }
}

function versionOf(remote: RemoteObject | RemoteVersion | null): StoredVersion | null {
  if (remote === null) return null;
  const facts = 'sizeBytes' in remote ? { sizeBytes: remote.sizeBytes, lastModified: remote.lastModified } : null;
  return {
    etag: remote.etag,
    versionId: remote.versionId,
    sizeBytes: facts?.sizeBytes ?? null,
    lastModified: facts?.lastModified ?? null,
  };
}
