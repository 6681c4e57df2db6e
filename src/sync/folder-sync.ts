import { AssertionFailed } from '../core/assert.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { Clock, EpochMs, RootState, ScannedDirectory, Scanner, ScanSummary, Watcher } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { PlannedFolder, Planner } from './planner.ts';

/** A burst of hints becomes one scan, ms. */
const HINT_DELAY_MS = 20;
/** More dirty directories than this are cheaper as one full scan. */
const MAX_DIRTY = 1000;
/** DESIGN section 6: full scans come at least every 10 minutes; their period follows their CPU time. */
const MAX_PERIOD_MS = 10 * 60_000;
const MIN_PERIOD_MS = 60_000;
const PERIOD_PER_CPU = 400;
/** A frozen folder, or one whose scan broke, is looked at again after this, ms. */
const RETRY_MS = 5000;

export interface SyncedFolder extends PlannedFolder {
  readonly root: string;
  readonly ignore: readonly string[];
  readonly maxFileSizeBytes: number;
  readonly minFileSizeBytes: number;
  /** Longest time between two full scans; null: adaptive. */
  readonly scanIntervalMs: number | null;
}

export interface FolderSyncDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly scanner: Scanner;
  readonly watcher: Watcher;
  readonly planner: Planner;
  /** Something was queued, or the folder's state changed. */
  readonly onChange: (folder: string) => void;
  /** A scan broke and is done again. */
  readonly onTrouble: (folder: string, error: unknown) => void;
  readonly onFatal: (error: unknown) => void;
}

export interface FolderState {
  readonly scanning: boolean;
  readonly frozen: LongshoreError | null;
  readonly degraded: string | null;
  /** The first full scan is done, and nothing is dirty or settling. */
  readonly settled: boolean;
  /** Files are still changing on disk. */
  readonly settling: boolean;
}

/**
 * Keeps one folder's inventory true: hints make directories dirty, scans tell what is there. Scans of one folder run one
 * after the other; their findings reach the outbox in one transaction per batch.
 */
export class FolderSync {
  readonly folder: SyncedFolder;
  readonly #deps: FolderSyncDeps;
  readonly #stopping = new AbortController();
  readonly #dirty = new Set<string>();
  /** Directories with young files, and when to look at them again. */
  readonly #settling = new Map<string, EpochMs>();
  #started = false;
  #fullScanWanted = true;
  #fullScanDone = false;
  #scanning: Promise<void> | null = null;
  #frozen: LongshoreError | null = null;
  #degraded: string | null = null;
  #nextFullAt: EpochMs = 0;
  #cancelTimer: (() => void) | null = null;
  /** When the armed timer fires, by the clock that never jumps. */
  #timerAt = Number.POSITIVE_INFINITY;
  #stopWatching: (() => Promise<void>) | null = null;

  constructor(folder: SyncedFolder, deps: FolderSyncDeps) {
    this.folder = folder;
    this.#deps = deps;
  }

  start(): void {
    this.#started = true;
    this.#deps.repos.folders.ensure(this.folder.name, this.folder.root);
    this.#stopWatching = this.#deps.watcher.watch(this.folder.root, this.folder.ignore, {
      onDirty: (dir) => {
        this.markDirty(dir);
      },
      onOverflow: () => {
        this.requestFullScan();
      },
      onDegraded: (reason) => {
        this.#degraded = reason;
        this.#deps.onChange(this.folder.name);
      },
    });
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the folder is stopped'));
    this.#cancelTimer?.();
    await this.#stopWatching?.();
    await this.#scanning;
  }

  state(): FolderState {
    return {
      scanning: this.#scanning !== null,
      frozen: this.#frozen,
      degraded: this.#degraded,
      settled:
        this.#fullScanDone &&
        !this.#fullScanWanted &&
        this.#scanning === null &&
        this.#dirty.size === 0 &&
        this.#settling.size === 0,
      settling: this.#settling.size > 0,
    };
  }

  markDirty(dir: string): void {
    if (this.#dirty.size >= MAX_DIRTY) this.#fullScanWanted = true;
    else this.#dirty.add(dir);
    this.#schedule(HINT_DELAY_MS);
  }

  requestFullScan(): void {
    this.#fullScanWanted = true;
    this.#schedule(HINT_DELAY_MS);
  }

  /** Makes sure that the next look comes at the latest in `withinMs`. An earlier one stays: hints never put it off. */
  #schedule(withinMs: number): void {
    if (!this.#started || this.#stopping.signal.aborted || this.#scanning !== null) return;
    const at = this.#deps.clock.monotonicMs() + withinMs;
    if (at >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = this.#deps.clock.setTimer(withinMs, () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#scanning = this.#scan()
        .catch((error: unknown) => {
          this.#scanFailed(error);
        })
        .finally(() => {
          this.#scanning = null;
          this.#scheduleNext();
          this.#deps.onChange(this.folder.name);
        });
    });
  }

  /** A scan that broke (its worker died, the disk of the database is full) is done again; a bug ends the engine. */
  #scanFailed(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    if (error instanceof AssertionFailed) {
      this.#deps.onFatal(error);
      return;
    }
    this.#deps.onTrouble(this.folder.name, error);
    this.#fullScanWanted = false;
    this.#nextFullAt = this.#deps.clock.now() + RETRY_MS;
  }

  #scheduleNext(): void {
    if (this.#fullScanWanted && this.#frozen === null) {
      this.#schedule(0);
      return;
    }
    if (this.#dirty.size > 0) {
      this.#schedule(HINT_DELAY_MS);
      return;
    }
    const now = this.#deps.clock.now();
    const next = Math.min(this.#nextFullAt, ...this.#settling.values());
    this.#schedule(Math.max(1, Math.min(next - now, MAX_PERIOD_MS)));
  }

  async #scan(): Promise<void> {
    const now = this.#deps.clock.now();
    for (const [dir, at] of this.#settling) {
      if (at > now) continue;
      this.#settling.delete(dir);
      this.#dirty.add(dir);
    }
    const full = this.#fullScanWanted || now >= this.#nextFullAt || this.#frozen !== null;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    if (full) {
      this.#fullScanWanted = false;
      this.#settling.clear();
    } else if (dirty.length === 0) return;
    const pass = new ScanPass(this.folder, this.#deps, full, (dir, at) => this.#settling.set(dir, at));
    let summary: ScanSummary;
    try {
      summary = await this.#deps.scanner.scan(
        {
          root: this.folder.root,
          ignore: this.folder.ignore,
          maxFileSizeBytes: this.folder.maxFileSizeBytes,
          minFileSizeBytes: this.folder.minFileSizeBytes,
          under: full ? [{ dir: '', below: true }] : dirty.map((dir) => ({ dir, below: this.#isNew(dir) })),
        },
        (batch) => {
          this.#stopping.signal.throwIfAborted();
          pass.take(batch);
        },
        this.#stopping.signal,
      );
    } catch (error) {
      for (const dir of dirty) this.#dirty.add(dir);
      throw error;
    }
    this.#conclude(pass, summary, full);
  }

  /** A directory that we know nothing of may have come with everything below it. */
  #isNew(dir: string): boolean {
    return dir !== '' && this.#deps.repos.files.inDirectory(this.folder.name, dir).length === 0;
  }

  #conclude(pass: ScanPass, summary: ScanSummary, full: boolean): void {
    const { repos, clock } = this.#deps;
    const stored = repos.folders.get(this.folder.name);
    const moved = stored?.volume !== null && summary.volume !== null && stored?.volume !== summary.volume;
    const trouble =
      rootTrouble(summary.root, this.folder.root) ??
      (moved && full && pass.lostEverything() ? otherVolume(this.folder.root) : null);
    if (trouble === null && moved && !full) {
      // A drive came or went. What is missing in a few directories tells nothing before all has been looked at.
      this.#fullScanWanted = true;
      return;
    }
    this.#frozen = trouble;
    if (trouble !== null) {
      // Nothing may be concluded from what is not there; the folder waits for its drive.
      this.#nextFullAt = clock.now() + RETRY_MS;
      return;
    }
    pass.forgetGone();
    if (summary.volume !== null && (stored?.volume === null || moved))
      repos.folders.setVolume(this.folder.name, summary.volume);
    if (!full) return;
    repos.folders.setScanned(this.folder.name, clock.now(), pass.ignored);
    this.#fullScanDone = true;
    const period = Math.min(MAX_PERIOD_MS, Math.max(MIN_PERIOD_MS, PERIOD_PER_CPU * summary.cpuMs));
    this.#nextFullAt = clock.now() + (this.folder.scanIntervalMs ?? period);
  }
}

/** What one scan finds out. Absences are collected and applied only after the scan has ended well. */
class ScanPass {
  readonly #folder: SyncedFolder;
  readonly #deps: FolderSyncDeps;
  readonly #full: boolean;
  readonly #onSettling: (dir: string, lookAgainAt: EpochMs) => void;
  readonly #seen = new Set<string>();
  readonly #unreadable: string[] = [];
  readonly #gone: { readonly dir: string; readonly names: readonly string[] }[] = [];
  #present = 0;
  ignored = 0;

  constructor(
    folder: SyncedFolder,
    deps: FolderSyncDeps,
    full: boolean,
    onSettling: (dir: string, at: EpochMs) => void,
  ) {
    this.#folder = folder;
    this.#deps = deps;
    this.#full = full;
    this.#onSettling = onSettling;
  }

  take(batch: readonly ScannedDirectory[]): void {
    const { repos, planner, onChange } = this.#deps;
    let queued = 0;
    repos.transaction(() => {
      for (const directory of batch) {
        this.ignored += directory.ignored;
        // What can't be taken is there all the same.
        this.#present += directory.files.length + directory.problems.length;
        if (directory.gone) {
          this.#goneBelow(directory.dir);
          continue;
        }
        this.#seen.add(directory.dir);
        if (!directory.complete) this.#unreadable.push(directory.dir);
        const plan = planner.plan(this.#folder, directory);
        queued += plan.queued;
        if (plan.lookAgainAt !== null) this.#onSettling(directory.dir, plan.lookAgainAt);
        if (plan.gone.length > 0) this.#gone.push({ dir: directory.dir, names: plan.gone });
      }
    });
    if (queued > 0) onChange(this.#folder.name);
  }

  /** The root shows nothing of what we know: another drive, or none, is mounted there. */
  lostEverything(): boolean {
    return this.#present === 0 && (this.#deps.repos.folders.get(this.#folder.name)?.files ?? 0) > 0;
  }

  forgetGone(): void {
    const { repos, planner } = this.#deps;
    if (this.#full) {
      for (const dir of repos.files.directoriesUnder(this.#folder.name, '')) {
        if (!this.#seen.has(dir) && !this.#isBelowUnreadable(dir)) this.#goneDirectory(dir);
      }
    }
    repos.transaction(() => {
      for (const { dir, names } of this.#gone) planner.forgetGone(this.#folder, dir, names);
    });
    if (this.#gone.length > 0) this.#deps.onChange(this.#folder.name);
  }

  #isBelowUnreadable(dir: string): boolean {
    return this.#unreadable.some(
      (unreadable) => unreadable === '' || dir === unreadable || dir.startsWith(`${unreadable}/`),
    );
  }

  #goneBelow(dir: string): void {
    for (const known of this.#deps.repos.files.directoriesUnder(this.#folder.name, dir)) this.#goneDirectory(known);
  }

  #goneDirectory(dir: string): void {
    const files = this.#deps.repos.files
      .inDirectory(this.#folder.name, dir)
      .filter((file) => file.fingerprint !== null);
    if (files.length > 0) this.#gone.push({ dir, names: files.map((file) => file.name) });
  }
}

function rootTrouble(root: RootState, path: string): LongshoreError | null {
  switch (root.kind) {
    case 'healthy':
      return null;
    case 'no-permission':
      return new LongshoreError('folder.no-permission', { subject: path, detail: root.detail });
    case 'other-volume':
      return otherVolume(path);
    case 'missing':
    case 'not-a-directory':
      return new LongshoreError('folder.missing', { subject: path, detail: root.detail });
  }
}

function otherVolume(path: string): LongshoreError {
  return new LongshoreError('folder.other-volume', { subject: path });
}
