import { Worker } from 'node:worker_threads';
import type { Clock } from '../core/ports.ts';
import { CHECKPOINT_PAGES, checkpoint, type WritableDb } from './connection.ts';

/** How often the log is looked at, ms. */
const LOOK_MS = 500;
/** The thread ends after so long without work, ms: it takes 10 MB. */
const KEEP_MS = 15_000;
/** A log of so many pages (64 MiB) is ended even if the engine has to wait for it. */
const RESTART_ABOVE_PAGES = 16_384;
/** What a file that once was longer is cut to when it begins anew, bytes. SQLite leaves it as long as it ever was. */
const KEPT_BYTES = RESTART_ABOVE_PAGES * 4096;
/** Where the thread can't keep up, or hangs, commits copy the log themselves from this length on (128 MiB). */
const LAST_RESORT_PAGES = 32_768;

export interface CheckpointOrder {
  readonly file: string;
  readonly restartAbovePages: number;
}

/**
 * Copies the write-ahead log into the database from a thread of its own. SQLite does it within a commit otherwise: 16 MiB of
 * scattered pages and a sync, in which the engine's event loop stands still, for seconds on a slow disk. Where the thread
 * can't run, commits do it as before.
 */
export class Checkpoints {
  readonly #db: WritableDb;
  readonly #file: string;
  readonly #workerUrl: URL;
  readonly #clock: Clock;
  #worker: Worker | null = null;
  #working = false;
  #stopped = false;
  #cancelLook: () => void = () => undefined;
  #cancelEnd: () => void = () => undefined;

  constructor(db: WritableDb, file: string, workerUrl: URL, clock: Clock) {
    this.#db = db;
    this.#file = file;
    this.#workerUrl = workerUrl;
    this.#clock = clock;
  }

  start(): void {
    this.#db.pragma(`wal_autocheckpoint = ${LAST_RESORT_PAGES}`);
    this.#db.pragma(`journal_size_limit = ${KEPT_BYTES}`);
    this.#lookLater();
  }

  /** Before the database is closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelLook();
    await this.#end();
  }

  #lookLater(): void {
    if (this.#stopped) return;
    this.#cancelLook = this.#clock.setTimer(LOOK_MS, () => {
      this.#look();
      this.#lookLater();
    });
  }

  #look(): void {
    if (this.#working || checkpoint(this.#db, 'NOOP').left < CHECKPOINT_PAGES) return;
    this.#working = true;
    this.#cancelEnd();
    this.#worker ??= this.#begin();
    const order: CheckpointOrder = { file: this.#file, restartAbovePages: RESTART_ABOVE_PAGES };
    this.#worker.postMessage(order, []);
  }

  #begin(): Worker {
    const worker = new Worker(this.#workerUrl, { name: 'longshore-checkpoint' });
    worker.unref();
    worker.on('message', () => {
      this.#working = false;
      this.#cancelEnd = this.#clock.setTimer(KEEP_MS, () => void this.#end());
    });
    worker.on('error', () => this.#fallBack(worker));
    worker.on('exit', () => this.#fallBack(worker));
    return worker;
  }

  /** The thread is of no use on this machine: for good, as whatever broke it would break the next. */
  #fallBack(worker: Worker): void {
    if (this.#worker !== worker || this.#stopped) return;
    this.#worker = null;
    this.#stopped = true;
    this.#cancelLook();
    this.#cancelEnd();
    this.#db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  }

  async #end(): Promise<void> {
    this.#cancelEnd();
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }
}
