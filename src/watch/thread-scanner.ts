import { assert } from '../core/assert.ts';
import type { Clock, ScannedDirectory, Scanner, ScanRequest, ScanSummary } from '../core/ports.ts';
import { abortReason } from './abort-reason.ts';
import { ScanThread } from './scan-thread.ts';
import { LOOK_MS, SILENT_LOOKS } from './silence.ts';

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
type OnSilence = (isSilent: boolean) => void;

/**
 * Scans in worker threads. A file system that hangs (a dead network drive) holds a thread that nothing can free. Such a scan
 * gives its place to others, and goes on when the file system answers. Aborted, its thread is given up, and its root counts as
 * silent for as long as the thread still hangs: so a broken folder costs one thread and never the others' scans (P10).
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

  async scan(
    request: ScanRequest,
    onBatch: OnBatch,
    signal: AbortSignal,
    onSilence: OnSilence = () => undefined,
  ): Promise<ScanSummary> {
    assert(!this.#closed, 'the scanner is closed');
    assert(
      request.under.every(({ dir }) => isInside(dir)),
      'a scan stays below its root',
    );
    signal.throwIfAborted();
    if (this.#hung.get(request.root)?.ended === false) {
      return { root: { kind: 'silent', detail: 'an earlier scan still waits for it' }, volume: null, cpuMs: 0 };
    }
    await this.#turn(signal);
    let hasPlace = true;
    const giveBack = () => {
      if (!hasPlace) return;
      hasPlace = false;
      this.#running -= 1;
      this.#waiting.shift()?.();
    };
    try {
      return await this.#scanInThread(request, onBatch, signal, onSilence, giveBack);
    } finally {
      giveBack();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelEnd();
    const threads = [...this.#idle.splice(0), ...this.#busy];
    await Promise.all(threads.map((thread) => thread.end()));
  }

  async #scanInThread(
    request: ScanRequest,
    onBatch: OnBatch,
    signal: AbortSignal,
    onSilence: OnSilence,
    giveBack: () => void,
  ): Promise<ScanSummary> {
    if (this.#closed) throw new DOMException('the scanner was closed', 'AbortError');
    this.#cancelEnd();
    const thread = this.#idle.pop() ?? new ScanThread(this.#options.workerUrl, this.#options.clock);
    this.#busy.add(thread);
    const scanned = thread.scan(request, onBatch, signal);
    const stopLooking = this.#lookAfter(thread, onSilence, giveBack);
    try {
      return await scanned;
    } finally {
      stopLooking();
      this.#busy.delete(thread);
      if (thread.hangs) this.#hung.set(request.root, thread);
      else if (!thread.ended && !this.#closed && this.#idle.length < IDLE_THREADS) this.#keep(thread);
      else void thread.end();
    }
  }

  /** Sees whether the scan moves; one that does not gives its place to another at the first look. */
  #lookAfter(thread: ScanThread, onSilence: OnSilence, giveBack: () => void): () => void {
    const { clock } = this.#options;
    let { steps } = thread;
    let looks = 0;
    let wasSilent = false;
    const look = () => {
      cancel = clock.setTimer(LOOK_MS, look);
      looks = thread.steps === steps ? looks + 1 : 0;
      steps = thread.steps;
      if (looks > 0) giveBack();
      const isSilent = looks >= SILENT_LOOKS;
      if (isSilent !== wasSilent) onSilence(isSilent);
      wasSilent = isSilent;
    };
    let cancel = clock.setTimer(LOOK_MS, look);
    return () => cancel();
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
