import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { Clock, Watcher, WatchHints } from '../core/ports.ts';
import type { WatchNews, WatchNote, WatchOrder } from './watch-messages.ts';

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

/** Folders of one file system that have a thread each; each thread takes 14 MB, and those of more folders share them. */
const THREADS_PER_FILE_SYSTEM = 4;

/**
 * Watches folders in worker threads, none of which blocks the engine's. Folders whose roots are on different file
 * systems when their watch begins never share one: where one hangs its own folders are concerned and no others (P10). Every start ends in `onOverflow('started')`
 * once nothing can go unseen any more.
 */
export class ThreadWatcher implements Watcher {
  readonly #options: ThreadWatcherOptions;
  readonly #threads = new Map<string, WatchThread[]>();
  #nextFolder = 1;
  #closed = false;

  constructor(options: ThreadWatcherOptions) {
    this.#options = options;
  }

  watch(root: string, ignore: readonly string[], hints: WatchHints): () => Promise<void> {
    const order = { root, ignore, leanAbove: this.#options.leanAbove ?? LEAN_ABOVE };
    const folder = this.#nextFolder;
    this.#nextFolder += 1;
    let thread: WatchThread | null = null;
    let stopped = false;
    const begin = async () => {
      // A call that hangs is in nobody's way, and the folder of a file system that does not answer needs no watch yet.
      const fileSystem = await fileSystemOf(root);
      if (stopped || this.#closed) return;
      thread = this.#threadFor(fileSystem);
      thread.add(folder, order, hints);
    };
    void begin();
    return async () => {
      stopped = true;
      await thread?.remove(folder);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const threads = [...this.#threads.values()].flat();
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.stop()));
  }

  #threadFor(fileSystem: string): WatchThread {
    const threads = (this.#threads.get(fileSystem) ?? []).filter(({ size }) => size > 0);
    this.#threads.set(fileSystem, threads);
    const free = threads.length < THREADS_PER_FILE_SYSTEM ? undefined : threads.toSorted((a, b) => a.size - b.size)[0];
    if (free !== undefined) return free;
    const thread = new WatchThread(this.#options);
    threads.push(thread);
    return thread;
  }
}

/** A root that is missing may turn out to be anywhere, and has a thread of its own. */
async function fileSystemOf(root: string): Promise<string> {
  try {
    return String((await stat(root)).dev);
  } catch {
    return `missing ${root}`;
  }
}

interface WatchedFolder {
  readonly order: WatchOrder;
  readonly hints: WatchHints;
  /** The last thread died, and the next is not watching the folder yet. */
  isBlind: boolean;
}

class WatchThread {
  readonly #options: ThreadWatcherOptions;
  readonly #folders = new Map<number, WatchedFolder>();
  #worker: Worker | null = null;
  #cancelRestart: (() => void) | null = null;
  #restartMs = RESTART_MS;
  #stopped = false;

  constructor(options: ThreadWatcherOptions) {
    this.#options = options;
  }

  /** How many folders it watches. */
  get size(): number {
    return this.#folders.size;
  }

  add(folder: number, order: WatchOrder, hints: WatchHints): void {
    this.#folders.set(folder, { order, hints, isBlind: this.#cancelRestart !== null });
    if (this.#worker !== null) tell(this.#worker, { kind: 'start', folder, order });
    else if (this.#cancelRestart === null) this.#start();
  }

  /** The last one takes the thread along. */
  async remove(folder: number): Promise<void> {
    this.#folders.delete(folder);
    if (this.#folders.size === 0) await this.stop();
    else if (this.#worker !== null) tell(this.#worker, { kind: 'stop', folder });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#folders.clear();
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
    this.#cancelRestart = null;
    const { clock, workerUrl } = this.#options;
    const worker = new Worker(workerUrl, {
      name: 'longshore-watch',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.unref();
    for (const [folder, { order }] of this.#folders) tell(worker, { kind: 'start', folder, order });
    const startedAt = clock.monotonicMs();
    let last = 'it ended';
    worker.on('message', (news: WatchNews) => {
      if (this.#worker === worker) this.#take(worker, news);
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

  #take(worker: Worker, { folder, report }: WatchNews): void {
    const watched = this.#folders.get(folder);
    if (watched === undefined) return;
    const { hints } = watched;
    switch (report.kind) {
      case 'dirty':
        for (const dir of report.dirs) hints.onDirty(dir);
        break;
      case 'overflow':
        if (watched.isBlind && report.reasons.includes('started')) {
          watched.isBlind = false;
          hints.onDegraded(null);
        }
        for (const reason of report.reasons) hints.onOverflow(reason);
        break;
      case 'degraded':
        watched.isBlind = false;
        hints.onDegraded(report.reason);
        return;
    }
    tell(worker, { kind: 'taken', folder });
  }

  /** Until the next thread is ready, scans alone find changes. */
  #restartLater(last: string): void {
    if (this.#stopped) return;
    const delayMs = this.#restartMs;
    this.#restartMs = Math.min(RESTART_MAX_MS, delayMs * 2);
    this.#cancelRestart = this.#options.clock.setTimer(delayMs, () => this.#start());
    for (const watched of this.#folders.values()) {
      watched.isBlind = true;
      watched.hints.onDegraded(`the watch thread ended (${last})`);
      watched.hints.onOverflow('thread-ended');
    }
  }
}

function tell(worker: Worker, note: WatchNote): void {
  worker.postMessage(note, []);
}
