import { AssertionFailed } from '../core/assert.ts';
import { endsWithin } from '../core/clock.ts';
import type { EpochMs } from '../core/ports.ts';
import { isWatchLimit } from '../watch/watch-limits.ts';
import { FolderLook, type Looked } from './folder-look.ts';
import { isInPlace, settleIn } from './folder-place.ts';
import { Followers } from './followers.ts';
import { RootHealth } from './root-health.ts';
import type { Degraded, FolderState, FolderSyncDeps, SyncedFolder } from './synced-folder.ts';

/** A burst of hints becomes one scan, ms. */
const HINT_DELAY_MS = 20;
/** More dirty directories than this are cheaper as one full scan. */
const MAX_DIRTY = 1000;
/** DESIGN section 6: full scans come at least every 10 minutes; their period follows their CPU time. */
const MAX_PERIOD_MS = 10 * 60_000;
const MIN_PERIOD_MS = 60_000;
const PERIOD_PER_CPU = 400;
/** While the watch can't see everything scans stand in for it: sooner, and for at most a fortieth of a core. */
const BLIND_PERIOD_MS = 15_000;
const BLIND_PERIOD_PER_CPU = 40;
/** A frozen folder, or one whose scan broke, is looked at again after this, ms. */
const RETRY_MS = 5000;
/** A look that has not ended so long after it was told to hangs in a system call, and is left behind: it writes nothing more. */
const STOP_LIMIT_MS = 4000;
/** A scan that breaks again and again is put off twice as long each time, up to this, ms. */
const RETRY_MAX_MS = 60_000;

/** From so many scans in a row that broke it is told. */
const TELL_FROM = 2;

/**
 * Keeps one folder's inventory true: hints make directories dirty, scans tell what is there. Scans of one folder run one
 * after the other; their findings reach the outbox in transactions of bounded length.
 */
export class FolderSync {
  readonly folder: SyncedFolder;
  readonly #deps: FolderSyncDeps;
  readonly #followers: Followers;
  readonly #root: RootHealth;
  readonly #look: FolderLook;
  readonly #stopping = new AbortController();
  readonly #dirty = new Set<string>();
  /** Directories with young files, and when to look at them again. */
  readonly #settling = new Map<string, EpochMs>();
  #started = false;
  #settledIn = false;
  #inPlace: boolean;
  #fullScanWanted = true;
  #fullScanDone = false;
  #scanning: Promise<void> | null = null;
  #degraded: Degraded | null = null;
  #nextFullAt: EpochMs = 0;
  #cancelTimer: (() => void) | null = null;
  /** When the armed timer fires, by the clock that never jumps. */
  #timerAt = Number.POSITIVE_INFINITY;
  #stopWatching: (() => Promise<void>) | null = null;
  /** Scans that broke, one after the other. */
  #broken = 0;
  #scanTrouble: Degraded | null = null;
  /** Until then hints only collect, by the clock that never jumps. */
  #restsUntil = 0;

  constructor(folder: SyncedFolder, deps: FolderSyncDeps) {
    this.folder = folder;
    this.#deps = deps;
    this.#followers = new Followers(folder, deps);
    this.#root = new RootHealth(folder, folder.root, deps);
    this.#look = new FolderLook(folder, deps, {
      followers: this.#followers,
      root: this.#root,
      stopping: this.#stopping.signal,
      onSettling: (dir, at) => this.#settling.set(dir, at),
      onLookAgain: (dir) => this.#dirty.add(dir),
    });
    this.#inPlace = isInPlace(deps.repos, folder);
  }

  /** What is queued is for the place where this configuration has the folder's files go. */
  get isInPlace(): boolean {
    return this.#inPlace;
  }

  /** What is queued and what the inventory says holds under this configuration. */
  get hasSettledIn(): boolean {
    return this.#settledIn;
  }

  /** The queued deletes are not too many together with those that are due: else a person is asked first. */
  get hasJudgedDeletes(): boolean {
    return !this.#followers.hasUnjudged();
  }

  start(): void {
    this.#started = true;
    this.#deps.repos.folders.ensure(this.folder.name, this.folder.root);
    this.#followers.refresh();
    this.#stopWatching = this.#deps.watcher.watch(this.folder.root, this.folder.ignore, {
      onDirty: (dir) => {
        this.markDirty(dir);
      },
      onOverflow: () => {
        this.requestFullScan();
      },
      onDegraded: (reason) => {
        this.#degraded =
          reason === null ? null : { kind: isWatchLimit(reason) ? 'watch-limit' : 'watch-broken', reason };
        if (reason !== null) {
          this.#nextFullAt = Math.min(this.#nextFullAt, this.#deps.clock.now() + BLIND_PERIOD_MS);
          this.#schedule(BLIND_PERIOD_MS);
        }
        this.#deps.onChange(this.folder.name);
      },
    });
    this.#schedule(0);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the folder is stopped'));
    this.#cancelTimer?.();
    await this.#stopWatching?.();
    if (this.#scanning !== null) await endsWithin(this.#deps.clock, STOP_LIMIT_MS, this.#scanning);
  }

  state(): FolderState {
    const { frozen, unmarked } = this.#root;
    const unmarkable: Degraded | null =
      unmarked === null ? null : { kind: 'no-marker', reason: `The marker file can't be written: ${unmarked.message}` };
    return {
      scanning: this.#scanning !== null,
      frozen,
      degraded: this.#scanTrouble ?? this.#degraded ?? unmarkable,
      settled:
        this.#fullScanDone &&
        !this.#fullScanWanted &&
        this.#scanning === null &&
        this.#dirty.size === 0 &&
        this.#settling.size === 0,
      settling: this.#settling.size > 0,
      guard: this.#followers.guard(),
      deletesAt: this.#followers.nextAt(),
    };
  }

  markDirty(dir: string): void {
    if (this.#dirty.size >= MAX_DIRTY) this.#fullScanWanted = true;
    else this.#dirty.add(dir);
    this.#schedule(HINT_DELAY_MS);
  }

  /** A person decided about its deletes, or about its root. */
  decided(): void {
    if (this.#settledIn) this.#followers.refresh();
    this.requestFullScan();
  }

  /** Operations ended, or a person decided: deletes may be due that were not. */
  reconsiderDeletes(): void {
    this.#followers.reconsider();
    const at = this.#root.frozen === null && this.#settledIn ? this.#followers.nextAt() : null;
    if (at !== null) this.#schedule(Math.max(1, Math.min(at - this.#deps.clock.now(), MAX_PERIOD_MS)));
  }

  requestFullScan(): void {
    this.#fullScanWanted = true;
    this.#broken = 0;
    this.#restsUntil = 0;
    this.#schedule(HINT_DELAY_MS);
  }

  /** Makes sure that the next look comes at the latest in `withinMs`. An earlier one stays: hints never put it off. */
  #schedule(withinMs: number): void {
    if (!this.#started || this.#stopping.signal.aborted || this.#scanning !== null) return;
    const now = this.#deps.clock.monotonicMs();
    const at = Math.max(now + withinMs, this.#restsUntil);
    if (at >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = this.#deps.clock.setTimer(at - now, () => {
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
    this.#root.silence(false);
    this.#deps.onTrouble(this.folder.name, error);
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** this.#broken);
    this.#broken += 1;
    // Once may be chance: it is done again in a moment.
    if (this.#broken >= TELL_FROM)
      this.#scanTrouble = { kind: 'scan-broken', reason: error instanceof Error ? error.message : String(error) };
    this.#fullScanWanted = false;
    this.#nextFullAt = this.#deps.clock.now() + delayMs;
    // What is dirty would else bring it back within a moment, again and again.
    this.#restsUntil = this.#deps.clock.monotonicMs() + delayMs;
  }

  #scheduleNext(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#fullScanWanted && this.#root.frozen === null) {
      this.#schedule(0);
      return;
    }
    if (this.#dirty.size > 0) {
      this.#schedule(HINT_DELAY_MS);
      return;
    }
    const now = this.#deps.clock.now();
    const deletesAt = this.#root.frozen === null ? this.#followers.nextAt() : null;
    const next = Math.min(this.#nextFullAt, deletesAt ?? this.#nextFullAt, ...this.#settling.values());
    this.#schedule(Math.max(1, Math.min(next - now, MAX_PERIOD_MS)));
  }

  async #scan(): Promise<void> {
    await this.#settleIn();
    const now = this.#deps.clock.now();
    for (const [dir, at] of this.#settling) {
      if (at > now) continue;
      this.#settling.delete(dir);
      this.#dirty.add(dir);
    }
    for (const dir of this.#followers.dueDirectories(MAX_DIRTY)) this.#dirty.add(dir);
    const full =
      this.#fullScanWanted || now >= this.#nextFullAt || this.#root.frozen !== null || this.#dirty.size >= MAX_DIRTY;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    if (full) {
      this.#fullScanWanted = false;
      this.#settling.clear();
    } else if (dirty.length === 0) {
      this.#followers.refresh();
      // Due, and lies nowhere: not again at once. Before it is due (a timer may fire a millisecond early) nothing is put off.
      if ((this.#followers.nextAt() ?? Number.POSITIVE_INFINITY) <= now) this.#followers.postpone();
      return;
    }
    const under = full ? [{ dir: '', below: true }] : dirty.map((dir) => ({ dir, below: this.#isNew(dir) }));
    try {
      this.#looked(await this.#look.run(full, under), full);
      this.#broken = 0;
      this.#scanTrouble = null;
    } catch (error) {
      for (const dir of dirty) this.#dirty.add(dir);
      throw error;
    }
  }

  #looked(looked: Looked, full: boolean): void {
    const now = this.#deps.clock.now();
    if (looked.how === 'frozen') this.#nextFullAt = now + RETRY_MS;
    // What is missing in a few directories tells nothing before all has been looked at.
    else if (looked.how === 'moved') this.#fullScanWanted = true;
    else if (full) {
      this.#fullScanDone = true;
      this.#nextFullAt = now + this.#period(looked.cpuMs);
    }
  }

  /** Before the first look: whether the inventory tells of this place, and of this way of keeping it. */
  async #settleIn(): Promise<void> {
    if (this.#settledIn) return;
    await settleIn(this.#deps, this.folder, this.#stopping.signal);
    this.#followers.refresh();
    this.#settledIn = true;
    this.#inPlace = true;
    this.#deps.onChange(this.folder.name);
  }

  /** From this full scan to the next, ms. What a person chose holds, except that a blind watch is stood in for. */
  #period(cpuMs: number): number {
    const chosen = this.folder.scanIntervalMs;
    if (this.#degraded === null) return chosen ?? within(MIN_PERIOD_MS, PERIOD_PER_CPU * cpuMs);
    return Math.min(chosen ?? MAX_PERIOD_MS, within(BLIND_PERIOD_MS, BLIND_PERIOD_PER_CPU * cpuMs));
  }

  /** A directory that we know nothing of may have come with everything below it. */
  #isNew(dir: string): boolean {
    return dir !== '' && this.#deps.repos.files.page(this.folder.name, dir, null, 1).length === 0;
  }
}

function within(leastMs: number, periodMs: number): number {
  return Math.min(MAX_PERIOD_MS, Math.max(leastMs, periodMs));
}
