import type { ErrorCode } from '../core/error-table.ts';
import { identityOf, type Fingerprint } from '../core/fingerprint.ts';
import { newOperationId, type OperationId } from '../core/ids.ts';
import type { OperationKind } from '../core/operation.ts';
import type { ScannedDirectory, ScannedFile, ScanProblem } from '../core/ports.ts';
import type { StoredFile } from '../db/files-repo.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { Tombstone } from '../db/tombstones-repo.ts';
import {
  holdsKey,
  isProblemOf,
  isSettled,
  namesakes,
  ownObject,
  problemFingerprint,
  problemResource,
} from './inventory-keys.ts';
import { joinPath } from './paths.ts';
import type { PlannedFolder, PlannerDeps } from './planned-folder.ts';
import { errorOfCode } from './settle.ts';
import { folderLane, moveSpec, objectResource, type MoveSpec, type UploadSpec } from './specs.ts';
import { supersede } from './supersede.ts';

/** A found file whose key is its own: what was unfinished there has been superseded. */
interface Ready {
  readonly path: string;
  readonly key: string;
  readonly originalName: string | null;
  readonly resource: string;
  /** The row of the file, or of a gone one whose object it takes over because their names make the same key. */
  readonly heir: Pick<StoredFile, 'base' | 'checksum'> | null;
}

interface Trouble {
  readonly name: string;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly sizeBytes: number;
  readonly fingerprint: Fingerprint;
}

/** Makes the operations that follow from what a scan found, and remembers them in the inventory. In the caller's transaction. */
export class FileQueue {
  readonly #deps: PlannerDeps;

  constructor(deps: PlannerDeps) {
    this.#deps = deps;
  }

  /** `touchOnly`: size and more are as before, so that the content may be. */
  upload(folder: PlannedFolder, dir: string, found: ScannedFile, before: StoredFile | null, touchOnly: boolean): void {
    const back = before !== null && before.fingerprint === null && this.#isBack(folder, before, found);
    const ready = this.#prepare(folder, dir, found, before);
    if (ready === null) return;
    const settled = touchOnly && before !== null && isSettled(this.#deps.repos, before);
    this.#queueUpload(folder, dir, found, ready, settled || back);
  }

  /**
   * A name that the inventory has no version of. It is a move when it is the file that a tombstone was made of, and the
   * object which that one left holds its content; else an upload.
   */
  newName(
    folder: PlannedFolder,
    dir: string,
    found: ScannedFile,
    before: StoredFile | null,
  ): 'move' | 'upload' | 'failed' {
    const ready = this.#prepare(folder, dir, found, before);
    if (ready === null) return 'failed';
    const source = ready.heir === null ? this.#moveSource(folder, ready.key, found) : null;
    if (source === null) {
      this.#queueUpload(folder, dir, found, ready, false);
      return 'upload';
    }
    const { repos, stopRunning } = this.#deps;
    const fromResource = objectResource(folder.destination, source.key);
    const follows =
      source.deleteRemote || repos.operations.unfinishedOn(fromResource).some(({ kind }) => kind === 'file.delete');
    supersede(repos, fromResource, 'the file has another name now', stopRunning);
    repos.tombstones.claim(folder.name, source.dir, source.name);
    const spec: MoveSpec = {
      ...uploadSpecOf(ready, found, false),
      fromKey: source.key,
      fromPath: joinPath(source.dir, source.name),
      deleteSource: folder.mode === 'mirror' && follows,
    };
    const operation = this.#insert(folder, 'file.move', found, ready, spec, [fromResource]);
    this.#remember(folder, dir, found.name, { ...found, key: ready.key, heir: null, operation });
    return 'move';
  }

  /** What a scan says that it can't take becomes a failed operation of its own: visible, with a reason (P2). Said once. */
  problem(
    folder: PlannedFolder,
    { dir, volume }: Pick<ScannedDirectory, 'dir' | 'volume'>,
    problem: ScanProblem,
    before: StoredFile | null,
  ): boolean {
    const fingerprint = problemFingerprint(problem.code, volume);
    if (before !== null && isProblemOf(before.fingerprint, problem.code)) {
      // Volumes get other numbers when the computer starts anew.
      if (before.fingerprint !== fingerprint) this.#deps.repos.files.put({ ...before, fingerprint });
      return false;
    }
    this.#fail(folder, dir, { ...problem, sizeBytes: 0, fingerprint }, before, before?.key ?? '');
    return true;
  }

  /** The deleted file's object is to go as well. */
  delete(folder: PlannedFolder, gone: Tombstone, lane: string): void {
    const { repos, clock, random, contentTypeOf } = this.#deps;
    const path = joinPath(gone.dir, gone.name);
    const operation = repos.operations.insert(
      {
        id: newOperationId(clock, random),
        kind: 'file.delete',
        priority: folder.priority,
        lane,
        target: gone.key,
        resourceKeys: [objectResource(folder.destination, gone.key)],
        spec: { key: gone.key },
        folder: folder.name,
        path,
        destination: folder.destination,
        contentType: contentTypeOf(gone.name),
      },
      { key: gone.key, goneAt: gone.goneAt },
    );
    repos.tombstones.deleteQueued(folder.name, gone.dir, gone.name, operation.id);
  }

  /** Key, collisions, and whatever a newer state of the file replaces. Null: it can't be taken, and that is said. */
  #prepare(folder: PlannedFolder, dir: string, found: ScannedFile, before: StoredFile | null): Ready | null {
    const { repos, stopRunning, keyOf } = this.#deps;
    const path = joinPath(dir, found.name);
    const made = keyOf(folder.keyPrefix, path);
    if (!made.ok) {
      this.#fail(folder, dir, troubleWith(found, made.code, ''), before, before?.key ?? '');
      return null;
    }
    const { key, originalName } = made;
    const others = namesakes(repos, folder.name, key, path);
    const other = others.find((file) => holdsKey(repos, file));
    if (other !== undefined) {
      const trouble = troubleWith(found, 'local.name-collision', joinPath(other.dir, other.name));
      // Under this key it is found again when the other one goes.
      this.#fail(folder, dir, trouble, before, key);
      return null;
    }
    if (before !== null && before.operation !== null)
      supersede(repos, problemResource(folder, dir, found.name), 'the trouble is gone', stopRunning);
    const resource = objectResource(folder.destination, key);
    supersede(repos, resource, 'the file changed', stopRunning);
    const own = before?.key === key && before.base !== null ? before : null;
    // One that can't be taken at last knows what became of the object as well.
    const heir = own ?? this.#inherit(folder, key, path) ?? others.find(({ base }) => base !== null) ?? null;
    return { path, key, originalName, resource, heir };
  }

  /** Another spelling of the same name is gone: its object is this file's now, and must not follow as a delete. */
  #inherit(folder: PlannedFolder, key: string, path: string): Tombstone | null {
    const { tombstones } = this.#deps.repos;
    const gone = tombstones.byKey(folder.name, key).filter(({ dir, name }) => joinPath(dir, name) !== path);
    for (const { dir, name } of gone) tombstones.remove(folder.name, dir, name);
    return gone.find(({ base }) => base !== null) ?? null;
  }

  /** The very file that was gone is there again, and no delete or move of its object has begun: its content decides. */
  #isBack(folder: PlannedFolder, before: StoredFile, found: ScannedFile): boolean {
    const { repos } = this.#deps;
    const gone = repos.tombstones.get(folder.name, before.dir, before.name);
    if (gone === null) return false;
    const unfinished = repos.operations.unfinishedOn(objectResource(folder.destination, gone.key));
    if (unfinished.some(({ startedAt }) => startedAt !== null)) return false;
    const identity = identityOf(found.fingerprint);
    // A move to another name has taken the tombstone up: then the move knows whose it was.
    return gone.identity === identity || unfinished.some((operation) => takesAway(operation, gone.key, identity));
  }

  #moveSource(folder: PlannedFolder, key: string, found: ScannedFile): Tombstone | null {
    const { repos } = this.#deps;
    for (const gone of repos.tombstones.byIdentity(folder.name, identityOf(found.fingerprint))) {
      if (gone.base === null || gone.checksum === null || gone.key === key) continue;
      if (repos.files.byKey(folder.name, gone.key).some((file) => holdsKey(repos, file))) continue;
      const unfinished = repos.operations.unfinishedOn(objectResource(folder.destination, gone.key));
      // A superseded move that still runs is waited for by order of keys; it may have done the work.
      if (unfinished.every(({ kind, ending }) => kind === 'file.delete' || (kind === 'file.move' && ending !== null)))
        return gone;
    }
    return null;
  }

  #queueUpload(folder: PlannedFolder, dir: string, found: ScannedFile, ready: Ready, hashFirst: boolean): void {
    const spec = uploadSpecOf(ready, found, hashFirst);
    const operation = this.#insert(folder, 'file.upload', found, ready, spec, []);
    this.#remember(folder, dir, found.name, { ...found, key: ready.key, heir: ready.heir, operation });
  }

  #insert(
    folder: PlannedFolder,
    kind: OperationKind,
    found: ScannedFile,
    ready: Ready,
    spec: UploadSpec | MoveSpec,
    furtherKeys: readonly string[],
  ): OperationId {
    const { repos, clock, random, contentTypeOf } = this.#deps;
    const id = newOperationId(clock, random);
    repos.operations.insertSoon(
      {
        id,
        kind,
        priority: folder.priority,
        lane: folderLane(folder.name),
        target: ready.key,
        resourceKeys: [ready.resource, ...furtherKeys],
        spec,
        folder: folder.name,
        path: ready.path,
        destination: folder.destination,
        contentType: contentTypeOf(found.name),
        bytesTotal: found.sizeBytes,
      },
      { sizeBytes: found.sizeBytes, key: ready.key, ...('fromPath' in spec ? { from: spec.fromPath } : {}) },
    );
    return id;
  }

  #fail(folder: PlannedFolder, dir: string, trouble: Trouble, before: StoredFile | null, key: string): void {
    const { repos, clock, random, stopRunning } = this.#deps;
    const path = joinPath(dir, trouble.name);
    const resource = problemResource(folder, dir, trouble.name);
    supersede(repos, resource, 'the file changed', stopRunning);
    const object = before === null ? null : ownObject(repos, folder, before);
    if (object !== null) supersede(repos, object, 'the file changed', stopRunning);
    const spec: UploadSpec = {
      key: '',
      fingerprint: trouble.fingerprint,
      sizeBytes: trouble.sizeBytes,
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
      bytesTotal: trouble.sizeBytes,
    });
    const detail = trouble.detail === '' ? null : trouble.detail;
    repos.operations.transition(
      operation,
      'fail',
      { error: errorOfCode(trouble.code, detail) },
      { details: { code: trouble.code, detail } },
    );
    const heir = before?.key === key ? before : null;
    this.#remember(folder, dir, trouble.name, { ...trouble, mtimeMs: clock.now(), key, heir, operation: operation.id });
  }

  #remember(
    folder: PlannedFolder,
    dir: string,
    name: string,
    facts: {
      readonly sizeBytes: number;
      readonly mtimeMs: number;
      readonly key: string;
      readonly fingerprint: Fingerprint;
      readonly heir: Pick<StoredFile, 'base' | 'checksum'> | null;
      readonly operation: string;
    },
  ): void {
    this.#deps.repos.files.put({
      folder: folder.name,
      dir,
      name,
      key: facts.key,
      fingerprint: facts.fingerprint,
      sizeBytes: facts.sizeBytes,
      mtimeMs: Math.floor(facts.mtimeMs),
      base: facts.heir?.base ?? null,
      checksum: facts.heir?.checksum ?? null,
      operation: facts.operation,
    });
  }
}

/** Whether it moves the object of the file that has this identity away from this key. */
function takesAway(operation: StoredOperation, key: string, identity: string): boolean {
  if (operation.kind !== 'file.move') return false;
  const { fromKey, fingerprint } = moveSpec(operation);
  return fromKey === key && identityOf(fingerprint) === identity;
}

function troubleWith(found: ScannedFile, code: ErrorCode, detail: string): Trouble {
  return { name: found.name, code, detail, sizeBytes: found.sizeBytes, fingerprint: found.fingerprint };
}

function uploadSpecOf(ready: Ready, found: ScannedFile, hashFirst: boolean): UploadSpec {
  return {
    key: ready.key,
    fingerprint: found.fingerprint,
    sizeBytes: found.sizeBytes,
    mtimeMs: found.mtimeMs,
    originalName: ready.originalName,
    hashFirst,
    beside: false,
  };
}
