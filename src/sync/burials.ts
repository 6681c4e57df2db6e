import { identityOf } from '../core/fingerprint.ts';
import type { EpochMs } from '../core/ports.ts';
import type { StoredFile } from '../db/files-repo.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { Tombstone } from '../db/tombstones-repo.ts';
import type { FileQueue } from './file-queue.ts';
import {
  holdsKey,
  isProblem,
  isSettled,
  lastOperation,
  lastVolume,
  namesakes,
  ownObject,
  problemResource,
  toBeJudgedAnew,
} from './inventory-keys.ts';
import { joinPath } from './paths.ts';
import type { PlannedFolder, PlannerDeps } from './planned-folder.ts';
import { deletesLane, downloadSpec, objectResource } from './specs.ts';
import { supersede } from './supersede.ts';
import { QUEUE_COST, type Steps } from './turns.ts';

/** Rows that are read at a time. */
const PAGE = 200;
/** Operations in the way whose end is noticed at once; those behind more of them are looked at by the next full scan. */
const MAX_NOTICED = 50;

/** A file that the scan of a healthy root did not find. */
export interface Absence {
  readonly dir: string;
  readonly name: string;
  /** Volumes that were looked at: a file of another one may only have been unmounted. */
  readonly volumes: ReadonlySet<string>;
}

/** Tombstones that are due. */
export interface Due {
  /** Those found gone by then may follow. */
  readonly until: EpochMs;
  /** The grace of those found gone by then is over; not before `until`, which a person's word may bound. */
  readonly graceEnd: EpochMs;
}

/** What became of the tombstones whose grace is over. */
export interface Followed {
  /** Deletes that were queued. */
  readonly queued: number;
  /** Some were not looked for. */
  readonly lookAgain: boolean;
  /** The others that are left wait for the end of these operations (`seq`), which may wait for a person. */
  readonly waitsFor: readonly number[];
}

/** What becomes of files that are gone: tombstones first, deletes once the grace is over. In the caller's transaction. */
export class Burials {
  readonly #deps: PlannerDeps;
  readonly #queue: FileQueue;

  constructor(deps: PlannerDeps, queue: FileQueue) {
    this.#deps = deps;
    this.#queue = queue;
  }

  /**
   * Writes the tombstone; what was still to send is moot. `follows`: once the grace is over the object goes as well.
   * Returns directories that want another look, because this file was in the way of another with the same key.
   */
  bury(folder: PlannedFolder, { dir, name, volumes }: Absence, follows: boolean): readonly string[] {
    const { repos, clock } = this.#deps;
    const file = repos.files.get(folder.name, dir, name);
    if (file === null || file.fingerprint === null) return [];
    const problem = isProblem(file.fingerprint);
    // Also of one that could not be taken at last: a drive that is dying, or away, makes such.
    const volume = lastVolume(file.fingerprint);
    if (volume !== null && !volumes.has(volume)) return [];
    // The object holds what the file last was: else a new name of it has to be sent.
    const operation = lastOperation(repos, file);
    const movable =
      !problem && file.base !== null && file.checksum !== null && isSettled(repos, file, operation?.state ?? null);
    const heldKey = holdsKey(repos, file, operation);
    const others = file.key === '' ? [] : namesakes(repos, folder.name, file.key, joinPath(dir, name));
    const alone = heldKey && file.key !== '' && !others.some((other) => holdsKey(repos, other));
    this.#endWork(folder, file, alone, 'the file is gone');
    repos.tombstones.bury(folder.name, dir, name, {
      goneAt: clock.now(),
      identity: movable ? identityOf(file.fingerprint) : null,
      // Also of a file that could not be taken at last: its object is that of better days. But what is being put away after
      // its upload, under a rule that has changed meanwhile, goes by our own doing.
      deleteRemote: follows && file.key !== '' && !repos.afterUploads.concerns(folder.name, joinPath(dir, name)),
    });
    return heldKey ? this.#free(folder, others) : [];
  }

  /** A rule leaves the file out now: nothing more is sent, and its object stays. False when that was so before. */
  leaveOut(folder: PlannedFolder, file: StoredFile): boolean {
    const { repos, clock } = this.#deps;
    const { dir, name } = file;
    if (file.fingerprint !== null)
      this.#endWork(folder, file, ownObject(repos, folder, file) !== null, 'a rule leaves the file out');
    else if (repos.tombstones.get(folder.name, dir, name)?.deleteRemote !== true) return false;
    repos.tombstones.bury(folder.name, dir, name, { goneAt: clock.now(), identity: null, deleteRemote: false });
    return true;
  }

  /** The same for all that the inventory has right in a directory. */
  *leaveOutDirectory(folder: PlannedFolder, dir: string): Steps<void> {
    const { files } = this.#deps.repos;
    for (let page = files.page(folder.name, dir, null, PAGE); page.length > 0;) {
      for (const file of page) {
        this.leaveOut(folder, file);
        yield QUEUE_COST;
      }
      page = files.page(folder.name, dir, page.at(-1)?.name ?? null, PAGE);
    }
  }

  /**
   * The grace of those found gone by `until` is over, and this healthy scan still does not find them where it `looked`:
   * their objects are to go.
   */
  *follow(folder: PlannedFolder, { until, graceEnd }: Due, looked: (dir: string) => boolean): Steps<Followed> {
    const { tombstones } = this.#deps.repos;
    let queued = 0;
    let lookAgain = false;
    const waitsFor = new Set<number>();
    for (const stored of [false, true]) {
      let last: Tombstone | null = null;
      for (;;) {
        const page: Tombstone[] = tombstones.due(folder.name, stored, until, last, PAGE);
        for (const gone of page) {
          const fate = looked(gone.dir) ? this.#followOne(folder, gone, graceEnd) : 'not-looked-for';
          if (fate === 'queued') queued += 1;
          else if (fate === 'not-looked-for') lookAgain = true;
          else if (fate !== 'forgotten' && waitsFor.size < MAX_NOTICED) waitsFor.add(fate.waitsFor);
          yield QUEUE_COST;
        }
        last = page.at(-1) ?? null;
        if (last === null) break;
      }
    }
    return { queued, lookAgain, waitsFor: [...waitsFor] };
  }

  #followOne(
    folder: PlannedFolder,
    gone: Tombstone,
    graceEnd: EpochMs,
  ): 'queued' | 'forgotten' | 'not-looked-for' | { readonly waitsFor: number } {
    const { repos } = this.#deps;
    // Another form of the name had the key and is gone since: the object has the grace of that one.
    const others = repos.tombstones.byKey(folder.name, gone.key);
    if (others.some(({ goneAt, deleteRemote }) => deleteRemote && goneAt > graceEnd)) return 'not-looked-for';
    const present = repos.files.byKey(folder.name, gone.key).some((file) => holdsKey(repos, file));
    const resource = objectResource(folder.destination, gone.key);
    const unfinished = present ? [] : repos.operations.unfinishedOn(resource);
    // An upload that was told to stop may still arrive; a move may still need the object, also when it is tried again.
    const inTheWay = unfinished.find(({ kind }) => kind.startsWith('file.') && kind !== 'file.delete');
    if (inTheWay !== undefined) return { waitsFor: inTheWay.seq };
    const nothingThere = gone.base === null && !repos.tombstones.mayHaveLeft(resource);
    if (present || nothingThere || !gone.key.startsWith(folder.keyPrefix)) {
      // Nothing of ours is there, or it is another file's by now.
      repos.tombstones.remove(folder.name, gone.dir, gone.name);
      return 'forgotten';
    }
    this.#queue.delete(folder, gone, deletesLane(folder.name));
    return 'queued';
  }

  /** `alone`: no other file stands for the object. */
  #endWork(folder: PlannedFolder, file: StoredFile, alone: boolean, reason: string): void {
    const { repos, stopRunning } = this.#deps;
    supersede(repos, problemResource(folder, file.dir, file.name), reason, stopRunning);
    if (alone) supersede(repos, objectResource(folder.destination, file.key), reason, stopRunning, isForFreePlace);
  }

  /** Files that could not be taken because this one had their key are judged anew. */
  #free(folder: PlannedFolder, waiting: readonly StoredFile[]): readonly string[] {
    const { repos, stopRunning } = this.#deps;
    for (const other of waiting) {
      supersede(repos, problemResource(folder, other.dir, other.name), 'the other file is gone', stopRunning);
      repos.files.put(toBeJudgedAnew(other));
    }
    return waiting.map(({ dir }) => dir);
  }
}

/** Whoever asked for it knew already that no file is there: that a scan notices the same takes nothing back. */
function isForFreePlace(operation: StoredOperation): boolean {
  return operation.kind === 'file.download' && downloadSpec(operation).replaces === null;
}
