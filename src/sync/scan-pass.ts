import type { EpochMs, ScannedDirectory, ScannedFile } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { Absence } from './burials.ts';
import { joinPath } from './paths.ts';
import type { PlannedFolder } from './planned-folder.ts';
import { isNewName, type Planner } from './planner.ts';
import type { StalePartials } from './stale-partials.ts';
import { QUEUE_COST, type Steps } from './turns.ts';

/** New names that wait for the end of a pass; beyond this many they are queued at once, as uploads. */
const MAX_HELD = 100_000;

export interface ScanPassDeps {
  readonly repos: Repositories;
  readonly planner: Planner;
  readonly onSettling: (dir: string, lookAgainAt: EpochMs) => void;
  readonly stalePartials?: Pick<StalePartials, 'met'>;
}

interface Missing {
  readonly dir: string;
  readonly names: readonly string[];
  /** Of the directory as it is now; null: it is gone itself. */
  readonly volume: string | null;
}

/**
 * What one scan finds out. Changes are queued as they are met. Absences, and new names that may be moves, are collected
 * and count only when the scan has ended well.
 */
export class ScanPass {
  readonly #folder: PlannedFolder;
  readonly #deps: ScanPassDeps;
  readonly #full: boolean;
  /** The folder had files before: a new name may be one of them. */
  readonly #holds: boolean;
  readonly #seen = new Set<string>();
  readonly #unreadable = new Set<string>();
  /** Directories on another volume than the root: drives that are mounted inside the folder. */
  readonly #mounts = new Map<string, string>();
  readonly #missing: Missing[] = [];
  /** Directories that are said to be gone, with everything below. */
  readonly #gone = new Set<string>();
  readonly #strays = new Set<string>();
  #held: { readonly dir: string; readonly found: ScannedFile }[] = [];
  #present = 0;
  #rootVolume: string | null;
  ignored = 0;
  queued = 0;
  /** The disk failed somewhere: what is not there may be there all the same. */
  damaged = false;

  constructor(folder: PlannedFolder, deps: ScanPassDeps, full: boolean) {
    this.#folder = folder;
    this.#deps = deps;
    this.#full = full;
    const stored = deps.repos.folders.get(folder.name);
    this.#holds = (stored?.lastScanAt ?? null) !== null;
    this.#rootVolume = stored?.volume ?? null;
  }

  *take(batch: readonly ScannedDirectory[]): Steps<void> {
    for (const directory of batch) {
      const { dir } = directory;
      this.ignored += directory.ignored;
      this.#seen.add(dir);
      if (directory.gone) {
        this.#gone.add(dir);
        continue;
      }
      if (directory.ignoredNames.length > 0) this.#deps.stalePartials?.met(dir, directory.ignoredNames);
      if (dir === '') this.#rootVolume = directory.volume;
      else if (directory.volume !== this.#rootVolume) this.#mounts.set(dir, directory.volume);
      if (!directory.complete) {
        this.#unreadable.add(dir);
        this.damaged ||= directory.problems.some(({ name, code }) => name === '.' && code === 'local.io');
      }
      const hold = this.#holds && this.#held.length < MAX_HELD;
      const plan = yield* this.#deps.planner.plan(this.#folder, directory, hold);
      this.queued += plan.queued;
      this.#present += plan.present;
      if (plan.lookAgainAt !== null) this.#deps.onSettling(dir, plan.lookAgainAt);
      if (plan.gone.length > 0) this.#missing.push({ dir, names: plan.gone, volume: directory.volume });
      for (const found of plan.held) this.#held.push({ dir, found });
      if (!this.#full && directory.complete) yield* this.#lookForStrays(directory);
    }
  }

  /** The scan came to this directory itself. */
  met(dir: string): boolean {
    return this.#seen.has(dir);
  }

  /** The directory was looked at, or it is gone with one that was. */
  looked(dir: string): boolean {
    if (this.#isBelow(dir, this.#unreadable)) return false;
    return this.#full || this.#seen.has(dir) || this.#isBelow(dir, this.#gone);
  }

  /** The root shows nothing of what we know: another drive, or none, is mounted there. */
  lostEverything(): boolean {
    return this.#present === 0 && (this.#deps.repos.folders.get(this.#folder.name)?.files ?? 0) > 0;
  }

  /**
   * Directories that the inventory has and the scan did not meet, topmost ones. A rule may leave them out, or they may be
   * gone: a look at them by name tells. Those looks come back through `take`; what stays silent is left out by a rule.
   */
  *unmet(): Steps<readonly string[]> {
    const unmet = new Set<string>(this.#strays);
    if (!this.#full) return [...unmet];
    for (const dir of this.#deps.repos.files.directoriesUnder(this.#folder.name, '')) {
      yield 2;
      if (this.#seen.has(dir) || this.#isBelow(dir, this.#unreadable)) continue;
      unmet.add(this.#topmost(dir));
    }
    return [...unmet];
  }

  /** After the look at what was `unmet`: what no answer came for is left out by a rule now. */
  *leaveOut(unmet: readonly string[]): Steps<void> {
    const { repos, planner } = this.#deps;
    for (const top of unmet) {
      if (this.#seen.has(top)) continue;
      for (const dir of repos.files.directoriesUnder(this.#folder.name, top)) {
        yield* planner.burials.leaveOutDirectory(this.#folder, dir);
      }
    }
  }

  /**
   * Writes tombstones. `formerVolume`: what the root's volume was called before; the marker told that it is the same root.
   * Returns directories that want another look.
   */
  *bury(follows: boolean, formerVolume: string | null): Steps<ReadonlySet<string>> {
    const { repos, planner } = this.#deps;
    const lookAgain = new Set<string>();
    const bury = (absence: Absence) => {
      for (const dir of planner.burials.bury(this.#folder, absence, follows)) lookAgain.add(dir);
    };
    for (const { dir, names, volume } of this.#missing) {
      const volumes = this.#volumes(volume, formerVolume);
      for (const name of names) {
        bury({ dir, name, volumes });
        yield QUEUE_COST;
      }
    }
    for (const top of this.#gone) {
      const volumes = this.#volumes(this.#volumeAbove(top), formerVolume);
      for (const dir of repos.files.directoriesUnder(this.#folder.name, top)) {
        let page = repos.files.page(this.#folder.name, dir, null, QUEUE_COST);
        while (page.length > 0) {
          for (const { name } of page) bury({ dir, name, volumes });
          yield QUEUE_COST * page.length;
          page = repos.files.page(this.#folder.name, dir, page.at(-1)?.name ?? null, QUEUE_COST);
        }
      }
    }
    return lookAgain;
  }

  /** New names that waited: moves, where a tombstone tells so, else uploads. */
  *queueHeld(): Steps<number> {
    const { repos, planner } = this.#deps;
    const held = this.#held;
    this.#held = [];
    for (const { dir, found } of held) {
      const before = repos.files.get(this.#folder.name, dir, found.name);
      if (isNewName(before)) planner.queue.newName(this.#folder, dir, found, before);
      yield QUEUE_COST;
    }
    this.queued += held.length;
    return held.length;
  }

  get absences(): number {
    return this.#missing.length + this.#gone.size;
  }

  /** A look at one directory alone shows whether directories of the inventory right below it are still there. */
  *#lookForStrays({ dir, subdirectories }: ScannedDirectory): Steps<void> {
    const there = new Set(subdirectories);
    for (const name of this.#deps.repos.files.childDirectories(this.#folder.name, dir)) {
      const path = joinPath(dir, name);
      if (!there.has(name) && !this.#seen.has(path)) this.#strays.add(path);
      yield 1;
    }
  }

  #volumes(volume: string | null, formerVolume: string | null): ReadonlySet<string> {
    const here = volume ?? this.#rootVolume ?? '';
    return new Set(here === this.#rootVolume && formerVolume !== null ? [here, formerVolume] : [here]);
  }

  #volumeAbove(dir: string): string | null {
    for (const above of ancestors(dir)) {
      const mount = this.#mounts.get(above);
      if (mount !== undefined) return mount;
      if (this.#seen.has(above)) break;
    }
    return this.#rootVolume;
  }

  #isBelow(dir: string, tops: ReadonlySet<string>): boolean {
    if (tops.size === 0) return false;
    if (tops.has(dir)) return true;
    for (const above of ancestors(dir)) if (tops.has(above)) return true;
    return false;
  }

  /** The uppermost directory on the way to `dir` that was not met. */
  #topmost(dir: string): string {
    let top = dir;
    for (const above of ancestors(dir)) {
      if (this.#seen.has(above)) break;
      top = above;
    }
    return top;
  }
}

/** The directories above `dir`, nearest first, with the root. */
function* ancestors(dir: string): Generator<string, void, void> {
  for (let cut = dir.lastIndexOf('/'); cut > 0; cut = dir.lastIndexOf('/', cut - 1)) yield dir.slice(0, cut);
  if (dir !== '') yield '';
}
