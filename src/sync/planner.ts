import type { ErrorCode } from '../core/error-table.ts';
import { newOperationId } from '../core/ids.ts';
import type { Fingerprint } from '../core/fingerprint.ts';
import type { Priority } from '../core/operation.ts';
import type { Clock, EpochMs, Random, ScannedDirectory, ScannedFile, ScanProblem } from '../core/ports.ts';
import type { StoredFile } from '../db/files-repo.ts';
import type { Repositories } from '../db/repositories.ts';
import { judgeFile } from './judge-file.ts';
import { joinPath } from './paths.ts';
import { errorOfCode } from './settle.ts';
import { folderLane, objectResource, uploadSpec, type UploadSpec } from './specs.ts';
import { supersede, type StopRunning } from './supersede.ts';

/** The rules of a folder, as the planner needs them. */
export interface PlannedFolder {
  readonly name: string;
  readonly destination: string;
  /** Destination prefix + folder prefix. */
  readonly keyPrefix: string;
  readonly priority: Priority;
  readonly stabilityMs: number;
}

/** The object key of a relative path, or why there can be none. */
export type KeyOf = (
  keyPrefix: string,
  path: string,
) =>
  | { readonly ok: true; readonly key: string; readonly originalName: string | null }
  | { readonly ok: false; readonly code: ErrorCode };

export interface PlannerDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly random: Random;
  readonly stopRunning: StopRunning;
  readonly keyOf: KeyOf;
  readonly contentTypeOf: (name: string) => string;
}

export interface DirectoryPlan {
  /** Operations that were queued. */
  readonly queued: number;
  /** A file there is too young: the directory wants another look then. */
  readonly lookAgainAt: EpochMs | null;
  /** Names that the inventory has and the directory has no longer; applied by `forgetGone` after a healthy scan. */
  readonly gone: readonly string[];
}

/** First meetings with states whose times lie in the future; bounded, as it is only a rare aid. */
const MAX_FIRST_SEEN = 10_000;

/** Compares what a scan found with the inventory and queues what follows. One directory, one call, in a transaction. */
export class Planner {
  readonly #deps: PlannerDeps;
  readonly #firstSeen = new Map<string, { readonly fingerprint: Fingerprint; readonly at: EpochMs }>();

  constructor(deps: PlannerDeps) {
    this.#deps = deps;
  }

  plan(folder: PlannedFolder, directory: ScannedDirectory): DirectoryPlan {
    const known = new Map(
      this.#deps.repos.files.inDirectory(folder.name, directory.dir).map((file) => [file.name, file]),
    );
    let queued = 0;
    let lookAgainAt: EpochMs | null = null;
    for (const found of directory.files) {
      const before = known.get(found.name) ?? null;
      known.delete(found.name);
      const judgement = this.#judge(folder, directory.dir, before, found);
      if (judgement.kind === 'settling') {
        lookAgainAt = Math.min(lookAgainAt ?? Number.MAX_SAFE_INTEGER, judgement.lookAgainAt);
      } else if (judgement.kind === 'queue') {
        this.#queue(folder, directory.dir, found, before, judgement.hashFirst);
        queued += 1;
      }
    }
    for (const problem of directory.problems) {
      if (problem.name === '') continue;
      if (this.#report(folder, directory.dir, problem, known.get(problem.name) ?? null)) queued += 1;
      known.delete(problem.name);
    }
    const gone = directory.complete ? [...known.values()].filter((file) => file.fingerprint !== null) : [];
    return { queued, lookAgainAt, gone: gone.map((file) => file.name) };
  }

  /** The files are gone from a healthy root: in drop mode the storage keeps them, and what was still to send is moot. */
  forgetGone(folder: PlannedFolder, dir: string, names: readonly string[]): void {
    const { repos, stopRunning } = this.#deps;
    for (const name of names) {
      const file = repos.files.get(folder.name, dir, name);
      if (file === null || file.fingerprint === null) continue;
      supersede(repos, problemResource(folder, dir, name), 'the file is gone', stopRunning);
      const resource = this.#ownObject(folder, file);
      if (resource !== null) supersede(repos, resource, 'the file is gone', stopRunning);
      repos.files.put({ ...file, fingerprint: null });
    }
  }

  #judge(folder: PlannedFolder, dir: string, before: StoredFile | null, found: ScannedFile) {
    const { clock } = this.#deps;
    const id = `${folder.name}\0${dir}\0${found.name}`;
    const seen = this.#firstSeen.get(id);
    // A time ahead of now: the clock was set back since. Then this meeting counts as the first.
    const firstSeenAt = seen?.fingerprint === found.fingerprint && seen.at <= clock.now() ? seen.at : null;
    const judgement = judgeFile(before, found, clock.now(), folder.stabilityMs, firstSeenAt);
    if (judgement.kind !== 'settling') this.#firstSeen.delete(id);
    else if (firstSeenAt === null && (seen !== undefined || this.#firstSeen.size < MAX_FIRST_SEEN)) {
      this.#firstSeen.set(id, { fingerprint: found.fingerprint, at: clock.now() });
    }
    return judgement;
  }

  #queue(folder: PlannedFolder, dir: string, found: ScannedFile, before: StoredFile | null, hashFirst: boolean): void {
    const { repos, clock, random, stopRunning, contentTypeOf } = this.#deps;
    const path = joinPath(dir, found.name);
    const key = this.#deps.keyOf(folder.keyPrefix, path);
    if (!key.ok) {
      this.#fail(folder, dir, found, before, key.code, null);
      return;
    }
    const other = repos.files
      .byKey(folder.name, key.key)
      .find((file) => joinPath(file.dir, file.name) !== path && this.#holdsKey(file));
    if (other !== undefined) {
      this.#fail(folder, dir, found, before, 'local.name-collision', joinPath(other.dir, other.name));
      return;
    }
    if (before !== null && before.operation !== null) {
      supersede(repos, problemResource(folder, dir, found.name), 'the trouble is gone', stopRunning);
    }
    const resource = objectResource(folder.destination, key.key);
    supersede(repos, resource, 'the file changed', stopRunning);
    const spec: UploadSpec = {
      key: key.key,
      fingerprint: found.fingerprint,
      sizeBytes: found.sizeBytes,
      mtimeMs: found.mtimeMs,
      originalName: key.originalName,
      // Only where the storage is known to hold the recorded content: an unfinished one may have left other bytes there.
      hashFirst: hashFirst && this.#isSettled(before),
      beside: false,
    };
    const operation = repos.operations.insert(
      {
        id: newOperationId(clock, random),
        kind: 'file.upload',
        priority: folder.priority,
        lane: folderLane(folder.name),
        target: key.key,
        resourceKeys: [resource],
        spec,
        folder: folder.name,
        path,
        destination: folder.destination,
        contentType: contentTypeOf(found.name),
        bytesTotal: found.sizeBytes,
      },
      { sizeBytes: found.sizeBytes, key: key.key },
    );
    this.#remember(folder, dir, found.name, found, key.key, found.fingerprint, before, operation.id);
  }

  /** The file stands for its key. One that can't be taken keeps key and base for better days, and is in nobody's way. */
  #holdsKey(file: StoredFile): boolean {
    if (isProblem(file.fingerprint)) return false;
    const operation = file.operation === null ? null : this.#deps.repos.operations.byId(file.operation);
    return operation === null || uploadSpec(operation).key !== '';
  }

  /** The object that this row alone stands for: null while it has none, is gone, or another file has the key. */
  #ownObject(folder: PlannedFolder, file: StoredFile): string | null {
    if (file.key === '' || file.fingerprint === null || !this.#holdsKey(file)) return null;
    const rivals = this.#deps.repos.files
      .byKey(folder.name, file.key)
      .filter((other) => (other.dir !== file.dir || other.name !== file.name) && this.#holdsKey(other));
    return rivals.length === 0 ? objectResource(folder.destination, file.key) : null;
  }

  #isSettled(file: StoredFile | null): boolean {
    if (file === null || file.operation === null) return false;
    return this.#deps.repos.operations.byId(file.operation)?.state === 'succeeded';
  }

  /** A file that can't be taken becomes a failed operation of its own: visible, with a reason (P2). */
  #fail(
    folder: PlannedFolder,
    dir: string,
    found: ScannedFile,
    before: StoredFile | null,
    code: ErrorCode,
    detail: string | null,
  ): void {
    const problem = {
      name: found.name,
      code,
      detail: detail ?? '',
      sizeBytes: found.sizeBytes,
      fingerprint: found.fingerprint,
    };
    this.#failedOperation(folder, dir, problem, before, found.fingerprint);
  }

  #report(folder: PlannedFolder, dir: string, problem: ScanProblem, before: StoredFile | null): boolean {
    const fingerprint = `!${problem.code}` as Fingerprint;
    if (before?.fingerprint === fingerprint) return false;
    this.#failedOperation(folder, dir, { ...problem, sizeBytes: 0, fingerprint }, before, fingerprint);
    return true;
  }

  #failedOperation(
    folder: PlannedFolder,
    dir: string,
    problem: {
      readonly name: string;
      readonly code: ErrorCode;
      readonly detail: string;
      readonly sizeBytes: number;
      readonly fingerprint: Fingerprint;
    },
    before: StoredFile | null,
    fingerprint: Fingerprint,
  ): void {
    const { repos, clock, random, stopRunning } = this.#deps;
    const path = joinPath(dir, problem.name);
    const resource = problemResource(folder, dir, problem.name);
    supersede(repos, resource, 'the file changed', stopRunning);
    const object = before === null ? null : this.#ownObject(folder, before);
    if (object !== null) supersede(repos, object, 'the file changed', stopRunning);
    const spec: UploadSpec = {
      key: '',
      fingerprint: problem.fingerprint,
      sizeBytes: problem.sizeBytes,
      mtimeMs: clock.now(),
      originalName: null,
      hashFirst: false,
      beside: false,
    };
    const operation = repos.operations.insert({
      id: newOperationId(clock, random),
      kind: 'file.upload',
      priority: folder.priority,
      lane: folderLane(folder.name),
      target: path,
      resourceKeys: [resource],
      spec,
      folder: folder.name,
      path,
      destination: folder.destination,
      bytesTotal: problem.sizeBytes,
    });
    const detail = problem.detail === '' ? null : problem.detail;
    repos.operations.transition(
      operation,
      'fail',
      { error: errorOfCode(problem.code, detail) },
      { details: { code: problem.code, detail } },
    );
    this.#remember(
      folder,
      dir,
      problem.name,
      { sizeBytes: problem.sizeBytes, mtimeMs: clock.now() },
      before?.key ?? '',
      fingerprint,
      before,
      operation.id,
    );
  }

  #remember(
    folder: PlannedFolder,
    dir: string,
    name: string,
    facts: { readonly sizeBytes: number; readonly mtimeMs: number },
    key: string,
    fingerprint: Fingerprint,
    before: StoredFile | null,
    operation: string,
  ): void {
    this.#deps.repos.files.put({
      folder: folder.name,
      dir,
      name,
      key,
      fingerprint,
      sizeBytes: facts.sizeBytes,
      mtimeMs: Math.floor(facts.mtimeMs),
      base: before?.key === key ? before.base : null,
      checksum: before?.key === key ? before.checksum : null,
      operation,
    });
  }
}

/** Problems that a scan reports have no real fingerprint: a code stands in for it. */
function isProblem(fingerprint: Fingerprint | null): boolean {
  return fingerprint?.startsWith('!') === true;
}

/** Its own resource: the trouble with one name must not touch the good file that has the same key. */
function problemResource(folder: PlannedFolder, dir: string, name: string): string {
  return `local:${folder.name}/${joinPath(dir, name)}`;
}
