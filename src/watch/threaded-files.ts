import type { Clock, WantedFile, WholeFile } from '../core/ports.ts';
import { abortReason } from './abort-reason.ts';
import { CallsByFolder } from './folder-calls.ts';
import { DiskFiles } from './local-files.ts';
import { ReadThread, type ThreadRead } from './read-thread.ts';

export interface ThreadedFilesOptions {
  /** Where read-worker is: its source, or its bundle. */
  readonly workerUrl: URL;
  readonly clock: Clock;
  /** The folders' roots: one that hangs holds up none of the others. */
  readonly roots: () => readonly string[];
}

/** So many files wanted at once are worth a thread: one takes 40 ms to start, and some memory. */
const CROWD = 16;
/** A thread that read nothing for so long is ended, ms. */
const KEEP_IDLE_MS = 15_000;
/** After a thread was lost, a dead network drive is likely: no other one is tried for so long, ms. */
const WITHOUT_MS = 60_000;

/**
 * The disk of this computer, where crowds of small files are read by a thread of its own: five calls of the system for each
 * file cost the engine's thread more than the request that sends it. What a thread does not hand over in time, because the
 * file system of one folder hangs, is read in steps like everything else: so it holds up nobody (P10).
 */
export class ThreadedFiles extends DiskFiles {
  readonly #options: ThreadedFilesOptions;
  #next: ThreadRead[] = [];
  #thread: ReadThread | null = null;
  /** Monotonic, ms. */
  #withoutUntilMs = Number.NEGATIVE_INFINITY;
  #cancelEnd: () => void = () => undefined;
  #lastReadMs = 0;

  constructor(options: ThreadedFilesOptions) {
    super(new CallsByFolder(options.clock, options.roots));
    this.#options = options;
  }

  /** A thread stands ready for the next crowd. */
  get hasThread(): boolean {
    return this.#thread?.ready === true;
  }

  override readWhole(wanted: WantedFile, signal: AbortSignal): Promise<WholeFile> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(abortReason(signal));
      const done = () => signal.removeEventListener('abort', onAbort);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue({
        wanted,
        onRead: (file) => {
          done();
          resolve(file);
        },
        onFailed: (error) => {
          done();
          reject(error);
        },
        onLost: () => {
          done();
          super.readWhole(wanted, signal).then(resolve, reject);
        },
      });
    });
  }

  /** Ends the thread. What it had under way is read in steps. */
  close(): void {
    this.#cancelEnd();
    this.#thread?.end();
  }

  /** What is wanted in one turn of the loop goes together. */
  #queue(read: ThreadRead): void {
    this.#next.push(read);
    if (this.#next.length === 1) this.#options.clock.defer(() => this.#send());
  }

  #send(): void {
    const reads = this.#next;
    this.#next = [];
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#thread?.ready === true) {
      this.#lastReadMs = nowMs;
      this.#thread.read(reads);
      return;
    }
    if (this.#thread === null && reads.length >= CROWD && nowMs >= this.#withoutUntilMs) this.#start();
    // Until it has started, and for what comes one by one.
    for (const read of reads) read.onLost();
  }

  #start(): void {
    const { clock, workerUrl } = this.#options;
    this.#lastReadMs = clock.monotonicMs();
    this.#thread = new ReadThread(workerUrl, clock, (broken) => {
      this.#cancelEnd();
      if (broken) this.#withoutUntilMs = clock.monotonicMs() + WITHOUT_MS;
      this.#thread = null;
    });
    this.#endWhenIdle(KEEP_IDLE_MS);
  }

  #endWhenIdle(delayMs: number): void {
    const { clock } = this.#options;
    this.#cancelEnd = clock.setTimer(delayMs, () => {
      const leftMs = this.#lastReadMs + KEEP_IDLE_MS - clock.monotonicMs();
      if (leftMs > 0 || this.#thread?.busy === true) this.#endWhenIdle(Math.max(leftMs, 1000));
      else this.#thread?.end();
    });
  }
}
