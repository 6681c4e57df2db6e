import { Worker } from 'node:worker_threads';
import type { Clock, Watcher, WatchHints } from '../core/ports.ts';
import type { WatchNote, WatchOrder, WatchReport } from './watch-messages.ts';

export interface ThreadWatcherOptions {
  /** Where watch-worker is: its source, or its bundle. */
  readonly workerUrl: URL;
  readonly clock: Clock;
  /** Trees with more entries than this get the leaner watch; default 5,000. */
  readonly leanAbove?: number;
}

/** A thread that died is started again after this long, doubling up to the maximum while it keeps dying. */
const RESTART_MS = 1000;
const RESTART_MAX_MS = 300_000;
/** A thread that lived so long has recovered. */
const STEADY_MS = 600_000;
/** A thread that does not end hangs in a dead file system: nobody waits for it longer. */
const END_GRACE_MS = 2000;
/** The crawl at the start makes short-lived objects; V8's default lets them pile up. */
const YOUNG_MB = 16;
/**
 * Trees with more entries are watched directory by directory where that is possible: chokidar keeps 3 KB for each file, and
 * needs 2 s and 360 MB for 100,000.
 */
const LEAN_ABOVE = 5000;

/**
 * Watches each folder in a worker thread of its own: a stalled, dying or hanging one concerns that folder alone (P10), and
 * none blocks the engine's thread. Every start ends in `onOverflow('started')` once nothing can go unseen any more.
 */
export class ThreadWatcher implements Watcher {
  readonly #options: ThreadWatcherOptions;
  readonly #threads = new Set<WatchThread>();

  constructor(options: ThreadWatcherOptions) {
    this.#options = options;
  }

  watch(root: string, ignore: readonly string[], hints: WatchHints): () => Promise<void> {
    const thread = new WatchThread(
      this.#options,
      { root, ignore, leanAbove: this.#options.leanAbove ?? LEAN_ABOVE },
      hints,
    );
    this.#threads.add(thread);
    return async () => {
      this.#threads.delete(thread);
      await thread.stop();
    };
  }

  async close(): Promise<void> {
    const threads = [...this.#threads];
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}

class WatchThread {
  readonly #options: ThreadWatcherOptions;
  readonly #order: WatchOrder;
  readonly #hints: WatchHints;
  #worker: Worker | null = null;
  #cancelRestart: (() => void) | null = null;
  #restartMs = RESTART_MS;
  /** The last thread died, and the next is not watching yet. */
  #dead = false;
  #stopped = false;

  constructor(options: ThreadWatcherOptions, order: WatchOrder, hints: WatchHints) {
    this.#options = options;
    this.#order = order;
    this.#hints = hints;
    this.#start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelRestart?.();
    const worker = this.#worker;
    this.#worker = null;
    if (worker === null) return;
    const { promise: patience, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.setTimer(END_GRACE_MS, resolve);
    await Promise.race([worker.terminate(), patience]);
    cancel();
  }

  #start(): void {
    const { clock, workerUrl } = this.#options;
    const worker = new Worker(workerUrl, {
      name: 'longshore-watch',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.unref();
    tell(worker, { kind: 'start', order: this.#order });
    const startedAt = clock.monotonicMs();
    let last = 'it ended';
    worker.on('message', (report: WatchReport) => {
      if (this.#worker === worker) this.#take(worker, report);
    });
    worker.on('error', (error: unknown) => {
      last = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      if (clock.monotonicMs() - startedAt > STEADY_MS) this.#restartMs = RESTART_MS;
      this.#restartLater(last);
    });
    this.#worker = worker;
  }

  #take(worker: Worker, report: WatchReport): void {
    switch (report.kind) {
      case 'dirty':
        for (const dir of report.dirs) this.#hints.onDirty(dir);
        break;
      case 'overflow':
        if (report.reasons.includes('started')) this.#well();
        for (const reason of report.reasons) this.#hints.onOverflow(reason);
        break;
      case 'degraded':
        this.#dead = false;
        this.#hints.onDegraded(report.reason);
        return;
    }
    tell(worker, { kind: 'taken' });
  }

  /** Until the next thread is ready, scans alone find changes. */
  #restartLater(last: string): void {
    if (this.#stopped) return;
    const delayMs = this.#restartMs;
    this.#restartMs = Math.min(RESTART_MAX_MS, delayMs * 2);
    this.#dead = true;
    this.#hints.onDegraded(`the watch thread ended (${last})`);
    this.#hints.onOverflow('thread-ended');
    this.#cancelRestart = this.#options.clock.setTimer(delayMs, () => this.#start());
  }

  #well(): void {
    if (!this.#dead) return;
    this.#dead = false;
    this.#hints.onDegraded(null);
  }
}

function tell(worker: Worker, note: WatchNote): void {
  worker.postMessage(note, []);
}
