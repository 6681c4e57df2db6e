import { Worker } from 'node:worker_threads';
import { LongshoreError } from '../core/longshore-error.ts';
import type { Clock, WantedFile, WholeFile } from '../core/ports.ts';
import type { ReadAnswer, ReadOrder, ReadResult } from './read-messages.ts';

/** A thread that has handed nothing over for so long hangs in the file system, ms. */
const HANGS_AFTER_MS = 2000;

/** A read that is under way: it ends with the file, with a failure, or because the thread is gone. */
export interface ThreadRead {
  readonly wanted: WantedFile;
  readonly onRead: (file: WholeFile) => void;
  readonly onFailed: (error: LongshoreError) => void;
  /** The thread hangs or died, and this may be why or not: read it in another way. */
  readonly onLost: () => void;
}

/** One worker thread that reads small files in crowds. It never keeps the process alive. */
export class ReadThread {
  readonly #worker: Worker;
  readonly #clock: Clock;
  readonly #onEnd: (broken: boolean) => void;
  readonly #reads = new Map<number, ThreadRead>();
  #lastId = 0;
  #ready = false;
  #ended = false;
  #cancelWatch: (() => void) | null = null;

  /** `onEnd`: it takes no more; `broken`: it never started, or reads are lost because it hangs or died. */
  constructor(workerUrl: URL, clock: Clock, onEnd: (broken: boolean) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#worker = new Worker(workerUrl, { name: 'longshore-read' });
    this.#worker.unref();
    this.#worker.on('message', (answer: ReadAnswer) => this.#take(answer));
    this.#worker.on('error', () => this.end());
    this.#worker.on('exit', () => this.end());
  }

  /** It has started, and reads. */
  get ready(): boolean {
    return this.#ready && !this.#ended;
  }

  get busy(): boolean {
    return this.#reads.size > 0;
  }

  read(reads: readonly ThreadRead[]): void {
    const order = reads.map((read): ReadOrder[number] => {
      this.#lastId += 1;
      this.#reads.set(this.#lastId, read);
      return { ...read.wanted, id: this.#lastId };
    });
    this.#worker.postMessage(order, []);
    if (this.#cancelWatch === null) this.#watch();
  }

  /** What it has not handed over is lost. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelWatch?.();
    // One that hangs in a system call does not end; nothing waits for it.
    void this.#worker.terminate();
    const lost = [...this.#reads.values()];
    this.#reads.clear();
    this.#onEnd(!this.#ready || lost.length > 0);
    for (const read of lost) read.onLost();
  }

  #take(answer: ReadAnswer): void {
    if (this.#ended) return;
    if (answer.kind === 'ready') {
      this.#ready = true;
      return;
    }
    for (const result of answer.results) this.#settle(result, answer.buffer);
    this.#watch();
  }

  #settle(result: ReadResult, buffer: ArrayBuffer): void {
    const read = this.#reads.get(result.id);
    if (read === undefined) return;
    this.#reads.delete(result.id);
    if ('code' in result) read.onFailed(new LongshoreError(result.code, result.context));
    else read.onRead({ bytes: new Uint8Array(buffer, result.offset, result.sizeBytes), checksum: result.checksum });
  }

  #watch(): void {
    this.#cancelWatch?.();
    this.#cancelWatch = this.busy ? this.#clock.setTimer(HANGS_AFTER_MS, () => this.end()) : null;
  }
}
