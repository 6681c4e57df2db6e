import { toBeTakenUp, type Fingerprint } from '../../core/fingerprint.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { Checksum, Clock, FileStat, LocalChanges, LocalFiles } from '../../core/ports.ts';
import type { Repositories } from '../../db/repositories.ts';
import type { StoredOperation } from '../../db/stored-operation.ts';
import { isSafeRelative } from '../../watch/safe-relative.ts';
import { rememberRunning } from '../amend-running.ts';
import { besideName } from '../conflicts/beside-name.ts';
import { partSizeOf } from '../object-metadata.ts';
import { Stopped, type Attempt, type Executor, type Outcome } from '../outcome.ts';
import { splitPath } from '../paths.ts';
import { markerTrouble } from '../root-marker.ts';
import { downloadSpec, type DownloadMemo } from '../specs.ts';
import { bareVersion, versionOf } from '../stored-version.ts';
import { takeUpAgain } from '../take-up-again.ts';
import { sameContent, type Comparison } from '../upload/same-content.ts';
import type { UploadTarget } from '../upload/upload-context.ts';
import { chooseVersion, type DownloadRun } from './choose-version.ts';
import { DownloadedContent } from './downloaded-content.ts';
import { judgePlace, type PlaceJudgement } from './judge-place.ts';
import { receive, resumeFrom, type Receiving } from './receive.ts';

/** More names beside a file than this are never taken in one second. */
const MAX_BESIDE_NAMES = 100;

export interface DownloadDeps {
  readonly repos: Repositories;
  readonly clock: Pick<Clock, 'now'>;
  readonly files: LocalFiles;
  readonly changes: LocalChanges;
  target(destination: string): UploadTarget | null;
  /** The absolute path of an operation's file; null when its folder is not configured any more. */
  localPath(operation: StoredOperation): string | null;
  hintDirty(operation: StoredOperation): void;
}

/**
 * Brings a version of an object into the folder: resumable (P6), compared with the service's checksum (P3), whole or not at
 * all, and never over a file that nobody chose to give up (P13): what stood there is kept aside.
 */
export class DownloadExecutor implements Executor {
  readonly #deps: DownloadDeps;

  constructor(deps: DownloadDeps) {
    this.#deps = deps;
  }

  async run(operation: StoredOperation, attempt: Attempt): Promise<Outcome> {
    const target = operation.destination === null ? null : this.#deps.target(operation.destination);
    const path = this.#deps.localPath(operation);
    if (target === null || path === null || operation.path === null)
      return { kind: 'failed', error: new LongshoreError('config.destination-missing') };
    if (!isSafeRelative(operation.path))
      return { kind: 'failed', error: new LongshoreError('local.unsafe-path', { subject: operation.path }) };
    const spec = downloadSpec(operation);
    try {
      return await this.#download({ operation, target, attempt, path, spec, current: null, version: null });
    } catch (error) {
      if (attempt.signal.aborted) {
        await this.#afterAbort(operation, path, attempt.signal.reason);
        return { kind: 'stopped' };
      }
      if (!(error instanceof LongshoreError)) throw error;
      // Another version came while it was read: the next attempt looks again.
      if (error.class === 'conflict') return { kind: 'failed', error: new LongshoreError('s3.busy', error.context) };
      return { kind: 'failed', error };
    }
  }

  async #download(run: DownloadRun): Promise<Outcome> {
    const { operation, path, attempt } = run;
    await chooseVersion(this.#deps.repos, run);
    await this.#checkRoot(run);
    const place = await this.#judge(run);
    if (place.kind === 'moot') return await this.#moot(run, place.reason);
    if (place.kind === 'look') {
      const there = await this.#contentAt(run);
      // As it was before it was read: an edit that came meanwhile is another state, which the next scan finds.
      return there === 'same'
        ? this.#placed(run, true, { stat: place.stat, checksum: null })
        : await this.#moot(run, 'the file changed meanwhile');
    }
    const received = await this.#receive(run);
    if (received.content === 'different') {
      await this.#startOver(run);
      throw new LongshoreError('s3.checksum-mismatch', { subject: run.spec.key });
    }
    const aside =
      place.kind === 'free' ? this.#keptAside(run) : { expected: place.expected, asidePath: await this.#aside(run) };
    attempt.signal.throwIfAborted();
    let stat: FileStat;
    try {
      stat = await this.#deps.changes.place(path, operation.id, run.spec.mtimeMs, aside);
    } catch (error) {
      if (!(error instanceof LongshoreError) || error.code !== 'local.changed') throw error;
      return await this.#moot(run, 'the file changed meanwhile');
    }
    // A drive that came or went meanwhile: what was put under its mount point is in no folder.
    await this.#checkRoot(run);
    if ((await this.#deps.files.stat(path)) === null) throw new LongshoreError('local.vanished', { subject: path });
    return this.#placed(run, received.content === 'same', { stat, checksum: received.checksum });
  }

  /**
   * Rejects where the folder's root is not the one that the inventory tells of. A file that is put beside an unmounted drive
   * would be missing when the drive is back, and in mirror mode its object would follow it.
   */
  async #checkRoot({ operation, path }: DownloadRun): Promise<void> {
    const { repos, changes, files } = this.#deps;
    const root = path.slice(0, -(operation.path ?? '').length - 1);
    const marker = operation.folder === null ? null : (repos.folders.get(operation.folder)?.marker ?? null);
    const missing = async () =>
      (await files.stat(root)) === null ? new LongshoreError('folder.missing', { subject: root }) : null;
    const trouble = marker === null ? await missing() : await markerTrouble(changes, root, marker);
    if (trouble === null) return;
    // The scan freezes the folder, and with it all that is to happen there.
    this.#deps.hintDirty(operation);
    throw trouble;
  }

  async #judge({ operation, path, spec }: DownloadRun): Promise<PlaceJudgement> {
    const present = await this.#deps.files.stat(path);
    const { asidePath } = operation.memo as DownloadMemo;
    const kept = asidePath === undefined ? null : await this.#deps.files.stat(this.#beside(path, asidePath));
    return judgePlace(present, spec.replaces, kept !== null, spec.sizeBytes);
  }

  /** Compares the file that stands in the place with the version that is to come. */
  async #contentAt({ path, spec, version, attempt }: DownloadRun): Promise<Comparison> {
    if (version === null) return 'unknown';
    const file = await this.#deps.files.open(path);
    try {
      const content = new DownloadedContent(file, spec.sizeBytes);
      return await sameContent(version, content, [], partSizeOf(version.metadata), attempt.signal);
    } finally {
      await file.close();
    }
  }

  async #receive(run: DownloadRun): Promise<{ readonly checksum: Checksum; readonly content: Comparison }> {
    const { operation, target, attempt, spec, path, version } = run;
    const { repos, changes } = this.#deps;
    const wanted = { key: spec.key, etag: spec.etag, versionId: spec.versionId };
    const receiving: Receiving = { repos, operation, target, attempt, version: wanted, sizeBytes: spec.sizeBytes };
    let partial = await changes.openPartial(path, operation.id);
    try {
      const from = await resumeFrom(receiving, partial);
      if (from === null && (await partial.sizeBytes()) > 0) {
        await partial.close();
        await this.#startOver(run);
        partial = await changes.openPartial(path, operation.id);
      }
      await this.#checkRoom(path, spec.sizeBytes - (from?.doneBytes ?? 0));
      const checksum = await receive(receiving, partial, from);
      if (version === null) return { checksum, content: 'unknown' };
      const content = new DownloadedContent(partial, spec.sizeBytes);
      const partSize = partSizeOf(version.metadata);
      return { checksum, content: await sameContent(version, content, [checksum], partSize, attempt.signal) };
    } finally {
      await partial.close();
    }
  }

  async #checkRoom(path: string, needBytes: number): Promise<void> {
    const freeBytes = await this.#deps.changes.freeBytes(path);
    if (freeBytes >= needBytes) return;
    const detail = `${needBytes} bytes are needed, ${freeBytes} are free`;
    throw new LongshoreError('local.disk-full', { subject: path, detail });
  }

  async #startOver({ operation, path }: DownloadRun): Promise<void> {
    await this.#deps.changes.removePartial(path, operation.id);
    rememberRunning(this.#deps.repos, operation, { checkpoint: undefined }, { bytesDone: 0 });
  }

  /** The name under which the file that is here is kept: fixed before anything is moved, so that a crash makes no second. */
  async #aside({ operation, path, target }: DownloadRun): Promise<string> {
    const asidePath = this.#asidePath(operation);
    if (asidePath !== undefined) return this.#beside(path, asidePath);
    const now = this.#deps.clock.now();
    for (let nth = 1; nth <= MAX_BESIDE_NAMES; nth += 1) {
      const chosen = besideName(operation.path ?? '', target.device, now, nth);
      if ((await this.#deps.files.stat(this.#beside(path, chosen))) !== null) continue;
      if (!rememberRunning(this.#deps.repos, operation, { asidePath: chosen })) break;
      return this.#beside(path, chosen);
    }
    throw new LongshoreError('local.name-collision', { subject: path });
  }

  /** As stored, also by this attempt. */
  #asidePath(operation: StoredOperation): string | undefined {
    const memo = this.#deps.repos.operations.bySeq(operation.seq)?.memo as DownloadMemo | undefined;
    return memo?.asidePath;
  }

  /** An attempt that died between keeping the file and placing the new one goes on from there. */
  #keptAside({
    operation,
    path,
    spec,
  }: DownloadRun): { readonly expected: Fingerprint; readonly asidePath: string } | null {
    const { asidePath } = operation.memo as DownloadMemo;
    if (spec.replaces === null || asidePath === undefined) return null;
    return { expected: spec.replaces, asidePath: this.#beside(path, asidePath) };
  }

  /** The absolute path of a relative one in the same directory. */
  #beside(path: string, relative: string): string {
    return path.slice(0, path.lastIndexOf('/') + 1) + splitPath(relative).name;
  }

  async #moot(run: DownloadRun, reason: string): Promise<Outcome> {
    await this.#deps.changes.removePartial(run.path, run.operation.id);
    takeUpAgain(this.#deps.repos, run.operation);
    this.#deps.hintDirty(run.operation);
    return { kind: 'obsolete', reason };
  }

  #placed(
    run: DownloadRun,
    verified: boolean,
    { stat, checksum }: { readonly stat: FileStat; readonly checksum: Checksum | null },
  ): Outcome {
    const { operation, spec, current, target } = run;
    const version = { etag: spec.etag, versionId: spec.versionId, sizeBytes: spec.sizeBytes, lastModified: null };
    return {
      kind: 'succeeded',
      change: {
        bytesDone: spec.sizeBytes,
        verified,
        remote: version,
        externalId: spec.versionId ?? spec.etag,
        externalUrl: target.objectUrl(spec.key),
      },
      details: {
        result: 'downloaded',
        reason: spec.reason,
        etag: spec.etag,
        verified,
        keptAs: this.#asidePath(operation) ?? null,
      },
      apply: () => {
        if (operation.folder === null || operation.path === null) return;
        const { dir, name } = splitPath(operation.path);
        this.#deps.hintDirty(operation);
        // The folder goes to another place since: what stands here is a new file to that one.
        const known = this.#deps.repos.files.get(operation.folder, dir, name)?.key ?? '';
        if (known !== '' && known !== spec.key) return;
        const isCurrent = current?.etag === spec.etag;
        this.#deps.repos.files.put({
          folder: operation.folder,
          dir,
          name,
          key: spec.key,
          // An old version that was brought back is not what the storage has: the next scan takes it there.
          fingerprint: isCurrent ? stat.fingerprint : toBeTakenUp(stat.fingerprint),
          sizeBytes: stat.sizeBytes,
          mtimeMs: Math.floor(stat.mtimeMs),
          base: bareVersion(isCurrent ? version : spec.over === undefined ? versionOf(current) : spec.over),
          checksum: isCurrent && checksum !== null ? `${checksum.algorithm}:${checksum.value}` : null,
          operation: operation.id,
        });
      },
    };
  }

  /** What ends for good leaves no partial file; a pause keeps it. */
  async #afterAbort(operation: StoredOperation, path: string, reason: unknown): Promise<void> {
    if (!(reason instanceof Stopped) || (reason.reason !== 'cancelled' && reason.reason !== 'superseded')) return;
    await this.#deps.changes.removePartial(path, operation.id).catch(() => undefined);
  }
}
