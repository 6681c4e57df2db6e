import { realpathSync, statSync } from 'node:fs';
import { DirtySet } from './dirty-set.ts';
import type { TreeWatchHints } from './entry-hints.ts';
import { LeanTreeWatch } from './lean-tree-watch.ts';
import { hasMoreEntriesThan } from './tree-size.ts';
import { TreeWatch } from './tree-watch.ts';
import { COLLECT_MS, DIRTY_MAX, type WatchOrder, type WatchReport } from './watch-messages.ts';

/** The root is looked at so often: no event tells that a drive came back. */
const ROOT_CHECK_MS = 2000;
/** The loop proves so often that it runs (an idle thread does nothing else, and each time costs 60 µs) … */
const BEAT_MS = 250;
/** … and when a beat is late by this much, the system's event queue may have run over meanwhile. */
const STALL_MS = 500;
/**
 * Linux drops events beyond 16,384 that wait (fs.inotify.max_queued_events), and Node does not tell. So many hints in one
 * collection mean that the queue may have been full.
 */
const BURST_HINTS = 8192;
/** A watch that can't see everything is made anew so often, in case the limit was raised: a crawl of the whole tree. */
const RETRY_MS = 600_000;

/** Watches one folder over the comings and goings of its root, inside a watch thread. */
export class FolderWatch {
  readonly #order: WatchOrder;
  readonly #report: (report: WatchReport) => void;
  readonly #pending = new DirtySet(DIRTY_MAX);
  #unanswered = false;
  /** What has come together is sent when a timer fires, which is armed now. */
  #collecting = false;
  #hintsSinceFlush = 0;
  #tree: TreeWatch | LeanTreeWatch | null = null;
  /** Stalls before this are covered by the scan that follows the start. */
  #watching = false;
  /** Device and inode of the root being watched; null while there is none. */
  #identity: string | null = null;
  #degraded = false;
  #checking = false;
  #closed = false;
  #timers: readonly NodeJS.Timeout[] = [];
  #renewAt = Number.POSITIVE_INFINITY;

  constructor(order: WatchOrder, report: (report: WatchReport) => void) {
    this.#order = order;
    this.#report = report;
  }

  start(): void {
    let last = performance.now();
    const beat = setInterval(() => {
      const now = performance.now();
      if (this.#watching && now - last > BEAT_MS + STALL_MS) this.#overflow('stalled');
      last = now;
    }, BEAT_MS);
    const check = setInterval(() => void this.#checkRoot(), ROOT_CHECK_MS);
    this.#timers = [beat, check];
    void this.#checkRoot(true);
  }

  /** Nothing more is said. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    void this.#stop();
  }

  /** The last hints were taken; the next may be sent. */
  taken(): void {
    this.#unanswered = false;
    this.#collect();
  }

  #overflow(reason: string): void {
    this.#pending.overflow(reason);
    this.#collect();
  }

  /** A moment for more of the same; no timer runs while nothing happens. */
  #collect(): void {
    if (this.#collecting) return;
    this.#collecting = true;
    setTimeout(() => {
      this.#collecting = false;
      this.#flush();
    }, COLLECT_MS);
  }

  #flush(): void {
    if (this.#hintsSinceFlush > BURST_HINTS) this.#pending.overflow('burst');
    this.#hintsSinceFlush = 0;
    if (this.#unanswered || this.#closed) return;
    const pending = this.#pending.take();
    if (pending === null) return;
    this.#unanswered = true;
    this.#report(pending);
  }

  /** Follows the root: gone, come back, or another directory in its place. One check at a time. */
  async #checkRoot(first = false): Promise<void> {
    if (this.#checking || this.#closed) return;
    this.#checking = true;
    try {
      const identity = identityOf(this.#order.root);
      if (identity === this.#identity && performance.now() < this.#renewAt) {
        if (first) this.#overflow('root-missing');
        return;
      }
      await this.#stop();
      if (this.#closed) return;
      if (identity === null) this.#overflow('root-missing');
      else this.#watch(identity);
    } finally {
      this.#checking = false;
    }
  }

  #watch(identity: string): void {
    let real: string;
    try {
      real = realpathSync(this.#order.root);
    } catch {
      return; // Gone again; the next check sees it.
    }
    this.#identity = identity;
    let blind: string | null = null;
    const current = () => this.#tree === tree;
    const hints: TreeWatchHints = {
      onReady: () => {
        if (!current()) return;
        this.#tellDegraded(blind);
        this.#watching = true;
        // Whatever changed before this moment may have gone unseen: a scan that starts now finds it.
        this.#overflow('started');
      },
      onDirty: (dir) => {
        // What changes before the start is complete is covered by the scan that follows it.
        if (!this.#watching) return;
        this.#hintsSinceFlush += 1;
        this.#pending.add(dir);
        this.#collect();
      },
      onRules: () => {
        this.#overflow('rules-changed');
        if (current()) this.#renewAt = performance.now();
      },
      onBlind: (reason) => {
        blind = reason;
        if (!current()) return;
        this.#tellDegraded(reason);
        this.#renewAt = Math.min(this.#renewAt, performance.now() + RETRY_MS);
      },
    };
    const { ignore, leanAbove } = this.#order;
    // Elsewhere chokidar has one watch for a whole tree.
    const lean = process.platform === 'linux' && hasMoreEntriesThan(real, leanAbove);
    const tree = lean ? new LeanTreeWatch(real, ignore, hints) : new TreeWatch(real, ignore, hints);
    this.#tree = tree;
  }

  async #stop(): Promise<void> {
    const tree = this.#tree;
    this.#tree = null;
    this.#identity = null;
    this.#watching = false;
    this.#renewAt = Number.POSITIVE_INFINITY;
    await tree?.close();
  }

  #tellDegraded(reason: string | null): void {
    if (this.#closed || (reason === null && !this.#degraded)) return;
    this.#degraded = reason !== null;
    this.#report({ kind: 'degraded', reason });
  }
}

/** A call that hangs holds this thread, which folders of this file system alone have, and none of those that all share (P10). */
function identityOf(root: string): string | null {
  try {
    const stats = statSync(root);
    return stats.isDirectory() ? `${stats.dev}.${stats.ino}` : null;
  } catch {
    return null;
  }
}
