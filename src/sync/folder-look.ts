import type { LongshoreError } from '../core/longshore-error.ts';
import type { EpochMs, ScanRequest, ScanSummary } from '../core/ports.ts';
import type { StoredFolder } from '../db/folders-repo.ts';
import type { FolderSyncDeps, SyncedFolder } from './synced-folder.ts';
import type { Followers } from './followers.ts';
import { hasMoved, type RootHealth } from './root-health.ts';
import { ScanPass } from './scan-pass.ts';
import { inTurns, type Steps } from './turns.ts';

/** A marker that can't be read for so long is on a drive that does not answer, ms. */
const SILENT_MS = 60_000;

/** How a look ended. */
export type Looked =
  /** The root is not the one that is known: nothing was concluded. */
  | { readonly how: 'frozen' }
  /** A drive came or went since the last look at all: nothing was concluded from a few directories. */
  | { readonly how: 'moved' }
  /** `cpuMs`: what the scan took of a processor, ms. */
  | { readonly how: 'done'; readonly cpuMs: number };

const FROZEN: Looked = { how: 'frozen' };

export interface LookParts {
  readonly followers: Followers;
  readonly root: RootHealth;
  readonly stopping: AbortSignal;
  /** A directory has young files, and is to be looked at again then. */
  readonly onSettling: (dir: string, at: EpochMs) => void;
  /** Somebody's going made room for a file that waits there. */
  readonly onLookAgain: (dir: string) => void;
}

/** One look at a folder: from the root's health and the scan to what the outbox and the inventory are told of it. */
export class FolderLook {
  readonly #folder: SyncedFolder;
  readonly #deps: FolderSyncDeps;
  readonly #followers: Followers;
  readonly #root: RootHealth;
  readonly #stopping: AbortSignal;
  readonly #onSettling: LookParts['onSettling'];
  readonly #onLookAgain: LookParts['onLookAgain'];

  constructor(folder: SyncedFolder, deps: FolderSyncDeps, parts: LookParts) {
    this.#folder = folder;
    this.#deps = deps;
    this.#followers = parts.followers;
    this.#root = parts.root;
    this.#stopping = parts.stopping;
    this.#onSettling = parts.onSettling;
    this.#onLookAgain = parts.onLookAgain;
  }

  /** Looks at these directories (`full`: at all) and acts on what is found. Rejects where it can't, or is stopped. */
  async run(full: boolean, under: ScanRequest['under']): Promise<Looked> {
    const { repos } = this.#deps;
    const before = repos.folders.get(this.#folder.name) ?? repos.folders.ensure(this.#folder.name, this.#folder.root);
    const startedAt = this.#deps.clock.now();
    const pass = new ScanPass(this.#folder, { ...this.#deps, onSettling: this.#onSettling }, full);
    const foreign = await this.#foreign(before);
    if (foreign === null) this.#hear(false);
    // What stands in the wrong root is not ours to send: only the state of the root itself is asked for.
    const summary = await this.#walk(pass, foreign === null ? under : []);
    this.#stopping.throwIfAborted();
    if (await this.#freezes(before, pass, summary, full, foreign)) return FROZEN;
    const moved = hasMoved(before, summary);
    if (moved && !full) return { how: 'moved' };
    const unmet = await this.#turns(pass.unmet());
    if (unmet.length > 0) {
      const again = await this.#walk(
        pass,
        unmet.map((dir) => ({ dir, below: true })),
      );
      if (await this.#freezes(before, pass, again, full)) return FROZEN;
    }
    this.#stopping.throwIfAborted();
    await this.#conclude(pass, before, full, unmet, startedAt);
    this.#stopping.throwIfAborted();
    if (summary.volume !== null && (before.volume === null || moved))
      repos.folders.setVolume(this.#folder.name, summary.volume);
    const done: Looked = { how: 'done', cpuMs: summary.cpuMs };
    if (!full) return done;
    await this.#root.keepMarker(before);
    this.#stopping.throwIfAborted();
    repos.folders.setScanned(this.#folder.name, this.#deps.clock.now(), pass.ignored);
    this.#sweepPartials(pass);
    return done;
  }

  /** The scan ended well and the root is healthy: now absences count, and new names may be moves. */
  async #conclude(
    pass: ScanPass,
    before: StoredFolder,
    full: boolean,
    unmet: readonly string[],
    startedAt: EpochMs,
  ): Promise<void> {
    const { inTrouble, onChange } = this.#deps;
    const suspended = pass.damaged || inTrouble();
    if (!suspended) {
      await this.#turns(pass.leaveOut(unmet));
      const follows = this.#folder.mode === 'mirror' && before.marker !== null;
      const lookAgain = await this.#turns(pass.bury(follows, before.volume));
      for (const dir of lookAgain) this.#onLookAgain(dir);
    }
    await this.#turns(pass.queueHeld());
    if (!suspended) {
      await this.#followers.follow(startedAt, (dir) => pass.looked(dir), this.#stopping);
      if (full) await this.#followers.expire(this.#stopping);
    } else this.#followers.postpone();
    if (pass.queued > 0 || pass.absences > 0) onChange(this.#folder.name);
  }

  /** Nothing waits for it. */
  #sweepPartials(pass: ScanPass): void {
    const { stalePartials, onTrouble } = this.#deps;
    stalePartials
      ?.sweep((dir) => pass.met(dir), this.#stopping)
      .catch((error: unknown) => {
        onTrouble(this.#folder.name, error);
      });
  }

  async #walk(pass: ScanPass, under: ScanRequest['under']): Promise<ScanSummary> {
    const { root, ignore, maxFileSizeBytes, minFileSizeBytes } = this.#folder;
    return this.#deps.scanner.scan(
      { root, ignore, maxFileSizeBytes, minFileSizeBytes, under },
      async (batch) => {
        this.#stopping.throwIfAborted();
        await this.#turns(pass.take(batch));
      },
      this.#stopping,
      (isSilent) => this.#hear(isSilent),
    );
  }

  /** What one turn has queued may start while the next ones look at the rest. */
  #turns<T>(steps: Steps<T>): Promise<T> {
    const { operations } = this.#deps.repos;
    let lastSeq = operations.lastSeq();
    return inTurns(this.#deps, this.#stopping, steps, () => {
      const seq = operations.lastSeq();
      if (seq > lastSeq) this.#deps.onChange(this.#folder.name);
      lastSeq = seq;
    });
  }

  /** What is wrong with the marker. It is read in this process: nothing but the time tells that the drive does not answer. */
  async #foreign(before: StoredFolder): Promise<LongshoreError | null> {
    const cancel = this.#deps.clock.setTimer(SILENT_MS, () => this.#hear(true));
    const foreign = await this.#root.foreign(before).finally(cancel);
    // Whoever stopped this look may have left it behind.
    this.#stopping.throwIfAborted();
    return foreign;
  }

  /** The file system has not answered for a minute, or answers again. */
  #hear(isSilent: boolean): void {
    if (this.#stopping.aborted || this.#root.isSilent === isSilent) return;
    this.#root.silence(isSilent);
    this.#deps.onChange(this.#folder.name);
  }

  /** The root is not the one that is known. `foreign`: what was wrong before the look. */
  async #freezes(
    before: StoredFolder,
    pass: ScanPass,
    summary: ScanSummary,
    full: boolean,
    foreign: LongshoreError | null = null,
  ): Promise<boolean> {
    const trouble = foreign ?? (await this.#foreign(before));
    const lostEverything = full && hasMoved(before, summary) && pass.lostEverything();
    return this.#root.freezes({ summary, lostEverything, foreign: trouble });
  }
}
