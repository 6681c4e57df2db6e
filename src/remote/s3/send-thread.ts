import { Worker } from 'node:worker_threads';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { SentFile, ServiceSign } from '../../core/ports.ts';
import type { SendAnswer, SendOrder, SendResult, SendSettings, SendWish } from './send-messages.ts';

/** A thread with work that has given no sign of life for so long hangs in the file system, ms. */
const HANGS_AFTER_MS = 2000;
/** So long a request that is cancelled may take to end, ms: pause means pause within a second. */
const CANCEL_LIMIT_MS = 500;

/** What became of an order; null: the thread is gone, and nobody knows. */
export type Sent =
  | { readonly kind: 'sent'; readonly file: SentFile }
  | { readonly kind: 'failed'; readonly error: LongshoreError; readonly date: string }
  | null;

interface Pending {
  readonly resolve: (sent: Sent) => void;
  readonly reject: (reason: unknown) => void;
  readonly signal: AbortSignal;
  readonly onAbort: () => void;
}

/** One worker thread that reads and sends small files. It never keeps the process alive. */
export class SendThread {
  readonly #worker: Worker;
  readonly #onSign: (sign: ServiceSign) => void;
  readonly #onEnd: (broken: boolean) => void;
  readonly #pending = new Map<number, Pending>();
  #next: SendOrder[] = [];
  #lastId = 0;
  #heard = 0;
  #ready = false;
  #ended = false;
  #watch: NodeJS.Timeout | undefined;

  /** `onEnd`: it takes no more; `broken`: it never started, or orders are lost because it hangs or died. */
  constructor(
    workerUrl: URL,
    settings: SendSettings,
    onSign: (sign: ServiceSign) => void,
    onEnd: (broken: boolean) => void,
  ) {
    this.#onSign = onSign;
    this.#onEnd = onEnd;
    this.#worker = new Worker(workerUrl, { name: 'longshore-send', workerData: settings });
    this.#worker.unref();
    this.#worker.on('message', (answer: SendAnswer) => this.#take(answer));
    this.#worker.on('error', () => this.end());
    this.#worker.on('exit', () => this.end());
  }

  /** It has started, and sends. */
  get ready(): boolean {
    return this.#ready && !this.#ended;
  }

  get busy(): boolean {
    return this.#pending.size > 0;
  }

  /** Rejects with the signal's reason once nothing of it is on its way any more. */
  send(order: Omit<SendOrder, 'id'>, signal: AbortSignal): Promise<Sent> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (!this.ready) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      const id = this.#lastId;
      const onAbort = () => this.#cancel(id);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#pending.set(id, { resolve, reject, signal, onAbort });
      this.#next.push({ ...order, id });
      // What is wanted in one turn of the loop goes together.
      if (this.#next.length === 1) setImmediate(() => this.#order());
    });
  }

  refresh(): void {
    this.#tell({ kind: 'refresh' });
  }

  /** What is on its way ends with it, whatever has become of it. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#watch);
    // One that hangs in a system call does not end; nothing waits for it, and its connections are of no use to it.
    void this.#worker.terminate();
    const lost = [...this.#pending.keys()];
    this.#onEnd(!this.#ready || lost.length > 0);
    for (const id of lost) this.#settle(id)?.resolve(null);
  }

  #order(): void {
    const orders = this.#next;
    this.#next = [];
    if (this.#ended || orders.length === 0) return;
    this.#tell({ kind: 'send', orders });
    if (this.#watch === undefined) this.#watchOver();
  }

  #tell(wish: SendWish): void {
    if (!this.#ended) this.#worker.postMessage(wish, []);
  }

  #cancel(id: number): void {
    const waiting = this.#next.findIndex((order) => order.id === id);
    if (waiting >= 0) {
      this.#next.splice(waiting, 1);
      const pending = this.#settle(id);
      pending?.reject(pending.signal.reason);
      return;
    }
    this.#tell({ kind: 'cancel', id });
    setTimeout(() => {
      if (this.#pending.has(id)) this.end();
    }, CANCEL_LIMIT_MS).unref();
  }

  #take(answer: SendAnswer): void {
    if (this.#ended) return;
    this.#heard += 1;
    switch (answer.kind) {
      case 'ready':
        this.#ready = true;
        break;
      case 'alive':
        break;
      case 'ended':
        for (const sign of answer.signs) this.#onSign(sign);
        for (const result of answer.results) this.#deliver(result);
        break;
    }
  }

  #deliver(result: SendResult): void {
    const pending = this.#settle(result.id);
    if (pending === null) return;
    // The same for one that ended in the instant in which it was cancelled: what became of it is not known.
    if (result.kind === 'cancelled' || (result.kind === 'failed' && pending.signal.aborted)) {
      pending.reject(pending.signal.reason);
    } else if (result.kind === 'failed') {
      const error = new LongshoreError(result.code, result.context);
      pending.resolve({ kind: 'failed', error, date: result.date });
    } else {
      const { reply, checksum, waitedMs } = result;
      pending.resolve({ kind: 'sent', file: { reply, checksum, waitedMs } });
    }
  }

  #settle(id: number): Pending | null {
    const pending = this.#pending.get(id);
    if (pending === undefined) return null;
    this.#pending.delete(id);
    pending.signal.removeEventListener('abort', pending.onAbort);
    return pending;
  }

  /** Looks once in a while, as long as there is something to wait for. */
  #watchOver(): void {
    const heard = this.#heard;
    this.#watch = setTimeout(() => {
      // This thread may have stood still itself: what came meanwhile is taken first.
      setImmediate(() => {
        this.#watch = undefined;
        if (this.#ended || !this.busy) return;
        if (this.#heard === heard) this.end();
        else this.#watchOver();
      });
    }, HANGS_AFTER_MS).unref();
  }
}
