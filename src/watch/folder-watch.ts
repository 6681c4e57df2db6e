import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { DirtySet } from './dirty-set.ts';
import { TreeWatch } from './tree-watch.ts';
import { COLLECT_MS, DIRTY_MAX, type WatchReport } from './watch-messages.ts';

/** The root is looked at so often: no event tells that a drive came back. */
const ROOT_CHECK_MS = 2000;
/** The loop proves so often that it runs … */
const BEAT_MS = 100;
/** … and when a beat is late by this much, the system's event queue may have run over meanwhile. */
const STALL_MS = 500;
/** A watch that can't see everything is made anew so often, in case the limit was raised: a crawl of the whole tree. */
const RETRY_MS = 600_000;

/**
 * Watches one folder over the comings and goings of its root, inside the watch thread. It owns the thread's timers, which
 * end with the thread.
 */
export class FolderWatch {
  readonly #root: string;
  readonly #ignore: readonly string[];
  readonly #report: (report: WatchReport) => void;
  readonly #pending = new DirtySet(DIRTY_MAX);
  #unanswered = false;
  #tree: TreeWatch | null = null;
  /** Device and inode of the root being watched; null while there is none. */
  #identity: string | null = null;
  #degraded = false;
  #checking = false;
  #renewAt = Number.POSITIVE_INFINITY;

  constructor(root: string, ignore: readonly string[], report: (report: WatchReport) => void) {
    this.#root = root;
    this.#ignore = ignore;
    this.#report = report;
  }

  start(): void {
    setInterval(() => this.#flush(), COLLECT_MS);
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      if (now - last > BEAT_MS + STALL_MS) this.#pending.overflow('stalled');
      last = now;
    }, BEAT_MS);
    setInterval(() => void this.#checkRoot(), ROOT_CHECK_MS);
    void this.#checkRoot(true);
  }

  /** The last hints were taken; the next may be sent. */
  taken(): void {
    this.#unanswered = false;
  }

  #flush(): void {
    if (this.#unanswered) return;
    const pending = this.#pending.take();
    if (pending === null) return;
    this.#unanswered = true;
    this.#report(pending);
  }

  /** Follows the root: gone, come back, or another directory in its place. One check at a time; a hanging one just hangs. */
  async #checkRoot(first = false): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      const identity = await identityOf(this.#root);
      if (identity === this.#identity && performance.now() < this.#renewAt) {
        if (first) this.#pending.overflow('root-missing');
        return;
      }
      await this.#stop();
      if (identity === null) this.#pending.overflow('root-missing');
      else await this.#watch(identity);
    } finally {
      this.#checking = false;
    }
  }

  async #watch(identity: string): Promise<void> {
    let real: string;
    try {
      real = await realpath(this.#root);
    } catch {
      return; // Gone again; the next check sees it.
    }
    this.#identity = identity;
    let blind: string | null = null;
    const current = () => this.#tree === tree;
    const tree = new TreeWatch(real, this.#ignore, {
      onReady: () => {
        if (!current()) return;
        this.#tellDegraded(blind);
        // Whatever changed before this moment may have gone unseen: a scan that starts now finds it.
        this.#pending.overflow('started');
      },
      onDirty: (dir) => {
        this.#pending.add(dir);
      },
      onRules: () => {
        this.#pending.overflow('rules-changed');
        if (current()) this.#renewAt = performance.now();
      },
      onBlind: (reason) => {
        blind = reason;
        if (!current()) return;
        this.#tellDegraded(reason);
        this.#renewAt = Math.min(this.#renewAt, performance.now() + RETRY_MS);
      },
    });
    this.#tree = tree;
  }

  async #stop(): Promise<void> {
    const tree = this.#tree;
    this.#tree = null;
    this.#identity = null;
    this.#renewAt = Number.POSITIVE_INFINITY;
    await tree?.close();
  }

  #tellDegraded(reason: string | null): void {
    if (reason === null && !this.#degraded) return;
    this.#degraded = reason !== null;
    this.#report({ kind: 'degraded', reason });
  }
}

async function identityOf(root: string): Promise<string | null> {
  try {
    const stats: Stats = await stat(root);
    return stats.isDirectory() ? `${stats.dev}.${stats.ino}` : null;
  } catch {
    return null;
  }
}
