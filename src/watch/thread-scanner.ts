import { assert } from '../core/assert.ts';
import type { Clock, ScannedDirectory, Scanner, ScanRequest, ScanSummary } from '../core/ports.ts';
import { abortReason } from './abort-reason.ts';
import { ScanThread } from './scan-thread.ts';

export interface ThreadScannerOptions {
  /** Where scan-worker is: its source, or its bundle. */
  readonly workerUrl: URL;
  readonly clock: Clock;
}

/** So many scans run at once; others wait. More gain nothing on one disk. */
const SCANS_AT_ONCE = 4;
/** So many idle threads are kept for the next scan … */
const IDLE_THREADS = 1;
/** … for so long, ms: one takes 25 MB, and a new one starts in 40 ms. */
const KEEP_IDLE_MS = 15_000;

type OnBatch = (batch: readonly ScannedDirectory[]) => Promise<void> | void;

/**
 * Scans in worker threads. A file system that hangs (a dead network drive) holds a thread that nothing can free: that
 * thread is given up when its scan is aborted, and its root counts as missing for as long as the thread still hangs, so that
 * a broken folder costs one thread and never the others' scans (P10).
 */
export class ThreadScanner implements Scanner {
  readonly #options: ThreadScannerOptions;
  readonly #idle: ScanThread[] = [];
  readonly #busy = new Set<ScanThread>();
  readonly #waiting: (() => void)[] = [];
  readonly #hung = new Map<string, ScanThread>();
  #running = 0;
  #closed = false;
  #cancelEnd: () => void = () => undefined;

  constructor(options: ThreadScannerOptions) {
    this.#options = options;
  }

  async scan(request: ScanRequest, onBatch: OnBatch, signal: AbortSignal): Promise<ScanSummary> {
    assert(!this.#closed, 'the scanner is closed');
    assert(
      request.under.every(({ dir }) => isInside(dir)),
      'a scan stays below its root',
    );
    signal.throwIfAborted();
    if (this.#hung.get(request.root)?.ended === false) {
      const detail = 'the file system does not answer: an earlier scan of this folder still waits for it';
      return { root: { kind: 'missing', detail }, volume: null, cpuMs: 0 };
    }
    await this.#turn(signal);
    try {
      return await this.#scanInThread(request, onBatch, signal);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelEnd();
    const threads = [...this.#idle.splice(0), ...this.#busy];
    await Promise.all(threads.map((thread) => thread.end()));
  }

  async #scanInThread(request: ScanRequest, onBatch: OnBatch, signal: AbortSignal): Promise<ScanSummary> {
    if (this.#closed) throw new DOMException('the scanner was closed', 'AbortError');
    this.#cancelEnd();
    const thread = this.#idle.pop() ?? new ScanThread(this.#options.workerUrl, this.#options.clock);
    this.#busy.add(thread);
    try {
      return await thread.scan(request, onBatch, signal);
    } finally {
      this.#busy.delete(thread);
      if (thread.hangs) this.#hung.set(request.root, thread);
      else if (!thread.ended && !this.#closed && this.#idle.length < IDLE_THREADS) this.#keep(thread);
      else void thread.end();
    }
  }

  /** The next scan soon has a thread that is warm; a folder that rests has none. */
  #keep(thread: ScanThread): void {
    this.#idle.push(thread);
    this.#cancelEnd();
    this.#cancelEnd = this.#options.clock.setTimer(KEEP_IDLE_MS, () => {
      for (const idle of this.#idle.splice(0)) void idle.end();
    });
  }

  /** Waits until a scan may start; whoever gets the turn gives it back by lowering `#running`. */
  async #turn(signal: AbortSignal): Promise<void> {
    while (this.#running >= SCANS_AT_ONCE) {
      await new Promise<void>((resolve, reject) => {
        const onAbort = () => {
          this.#waiting.splice(this.#waiting.indexOf(go), 1);
          reject(abortReason(signal));
        };
        const go = () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        };
        this.#waiting.push(go);
        signal.addEventListener('abort', onAbort, { once: true });
      });
    }
    this.#running += 1;
  }
}

/** A relative path without "." and ".." parts; such ones come from scans and hints only, so another is a bug. */
function isInside(dir: string): boolean {
  return dir === '' || dir.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
