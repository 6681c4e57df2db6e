import { Worker } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { Clock, ScannedDirectory, ScanRequest, ScanSummary } from '../core/ports.ts';
import { abortReason } from './abort-reason.ts';
import { ABORT, CONTROL_BYTES, type ScanOrder, type ScanReport, STEPS, TAKEN, unpackBatch } from './scan-messages.ts';

/** An aborted thread that does not answer for so long hangs in the file system. */
const ABORT_GRACE_MS = 2000;

/** Scans make short-lived objects only: with V8's default a scan of 100,000 files took 120 MB instead of 60, and no less time. */
const YOUNG_MB = 16;

interface Run {
  readonly control: Int32Array;
  readonly onBatch: (batch: readonly ScannedDirectory[]) => Promise<void> | void;
  readonly resolve: (summary: ScanSummary) => void;
  readonly reject: (error: Error) => void;
  /** Batches are handed over one after the other; what follows waits for all before. */
  tail: Promise<void>;
  /** Why the scan is being ended before its end. */
  reason: Error | null;
}

/** One worker thread, which does one scan at a time. It keeps the process alive only while it scans. */
export class ScanThread {
  readonly #worker: Worker;
  readonly #clock: Clock;
  #run: Run | null = null;
  #ended = false;
  #hangs = false;

  constructor(workerUrl: URL, clock: Clock) {
    this.#clock = clock;
    this.#worker = new Worker(workerUrl, {
      name: 'longshore-scan',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker.unref();
    this.#worker.on('message', (report: ScanReport) => this.#take(report));
    this.#worker.on('error', (error: unknown) => this.#died(error instanceof Error ? error.message : String(error)));
    this.#worker.on('exit', (code) => this.#died(`exit ${code}`));
  }

  /** True when the thread is gone; it takes no more scans. */
  get ended(): boolean {
    return this.#ended;
  }

  /** True when the thread was told to stop and never answered. */
  get hangs(): boolean {
    return this.#hangs && !this.#ended;
  }

  /** Changes as long as its scan moves, or waits for its batches to be taken; stands still while the file system hangs. */
  get steps(): number {
    return this.#run === null ? 0 : Atomics.load(this.#run.control, STEPS);
  }

  async scan(request: ScanRequest, onBatch: Run['onBatch'], signal: AbortSignal): Promise<ScanSummary> {
    assert(this.#run === null && !this.#ended && !this.#hangs, 'a scan thread does one scan at a time');
    const control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
    const { promise, resolve, reject } = Promise.withResolvers<ScanSummary>();
    const run: Run = { control, onBatch, resolve, reject, tail: Promise.resolve(), reason: null };
    this.#run = run;
    this.#worker.ref();
    this.#worker.postMessage({ request, control } satisfies ScanOrder, []);
    const onAbort = () => this.#abort(run, abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#run = null;
      this.#worker.unref();
    }
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    const run = this.#run;
    if (run !== null) {
      run.reason ??= new DOMException('the scanner was closed', 'AbortError');
      // The thread leaves its loop on its own; terminate() alone does not wake it from a system call either.
      Atomics.store(run.control, ABORT, 1);
      Atomics.notify(run.control, TAKEN);
    }
    const { promise: patience, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.setTimer(ABORT_GRACE_MS, resolve);
    await Promise.race([this.#worker.terminate(), patience]);
    cancel();
    this.#died('ended');
  }

  #take(report: ScanReport): void {
    const run = this.#run;
    if (run === null) return;
    switch (report.kind) {
      case 'batch':
        run.tail = run.tail.then(() => this.#handOver(run, unpackBatch(report.batch)));
        break;
      case 'done':
        void run.tail.then(() => (run.reason === null ? run.resolve(report.summary) : run.reject(run.reason)));
        break;
      case 'aborted':
        void run.tail.then(() => run.reject(run.reason ?? broken('aborted without a reason')));
        break;
      case 'broken':
        void run.tail.then(() => run.reject(run.reason ?? broken(report.detail)));
        break;
    }
  }

  async #handOver(run: Run, batch: readonly ScannedDirectory[]): Promise<void> {
    if (run.reason !== null) return;
    try {
      await run.onBatch(batch);
      Atomics.add(run.control, TAKEN, 1);
      Atomics.notify(run.control, TAKEN);
    } catch (error) {
      this.#abort(run, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #abort(run: Run, reason: Error): void {
    if (run.reason !== null) return;
    run.reason = reason;
    Atomics.store(run.control, ABORT, 1);
    Atomics.notify(run.control, TAKEN);
    this.#clock.setTimer(ABORT_GRACE_MS, () => {
      if (this.#run !== run || this.#ended) return;
      this.#hangs = true;
      void this.#worker.terminate();
      run.reject(reason);
    });
  }

  #died(how: string): void {
    this.#ended = true;
    const run = this.#run;
    if (run !== null) run.reject(run.reason ?? broken(`the scan thread ended (${how})`));
  }
}

function broken(detail: string): LongshoreError {
  return new LongshoreError('internal.unknown', { detail: detail.slice(0, 2000) });
}
