import type { FileSender, StoreSurroundings } from '../../core/ports.ts';
import type { Attempt, ServiceClock } from './attempt.ts';
import type { CredentialSource } from './credentials.ts';
import { GRANT_BYTES } from './outgoing-body.ts';
import type { SendSettings } from './send-messages.ts';
import { SendThread } from './send-thread.ts';
import { conditionOf } from './store-context.ts';
import { untilAborted } from './until-aborted.ts';

/** So many files wanted within a moment (ms) are worth a thread: one takes 60 ms to start, and some memory. */
const CROWD = 16;
const MOMENT_MS = 500;
/** A thread that sent nothing for so long is ended, ms. */
const KEEP_IDLE_MS = 15_000;
/** After a thread was lost, a dead network drive is likely: no other one is tried for so long, ms. */
const WITHOUT_MS = 60_000;

export interface SendFilesOptions {
  /** Where send-worker is: its source, or its bundle. */
  readonly workerUrl: URL;
  readonly settings: SendSettings;
  readonly attempt: Attempt;
  readonly credentials: CredentialSource;
  readonly clock: ServiceClock;
  readonly surroundings: StoreSurroundings;
  /** Requests go through a proxy now: the thread knows none. */
  readonly viaProxy: () => boolean;
}

/**
 * Crowds of small files are read, signed and sent by a thread of their own: a request costs the engine's thread more than all
 * that the outbox has to write about it. What may go, when, and what follows stays with the engine.
 */
export class SendFiles implements FileSender {
  readonly #options: SendFilesOptions;
  #thread: SendThread | null = null;
  #wishes = 0;
  #momentMs = Number.NEGATIVE_INFINITY;
  #lastMs = 0;
  #withoutUntilMs = Number.NEGATIVE_INFINITY;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SendFilesOptions) {
    this.#options = options;
  }

  isReady(): boolean {
    if (this.#closed || this.#options.viaProxy()) return false;
    if (this.#thread !== null) return this.#thread.ready;
    const nowMs = performance.now();
    if (nowMs - this.#momentMs > MOMENT_MS) {
      this.#momentMs = nowMs;
      this.#wishes = 0;
    }
    this.#wishes += 1;
    if (this.#wishes === CROWD && nowMs >= this.#withoutUntilMs) this.#start();
    return false;
  }

  send: FileSender['send'] = (object, wanted, condition, signal, chain) => {
    const { attempt, credentials, clock } = this.#options;
    const request = { subject: object.key, signal, ...conditionOf(condition), heedsSignal: true };
    return attempt(request, async ({ abortSignal, exchange }) => {
      const keys = credentials.literal ?? (await untilAborted(credentials.keys(), abortSignal));
      await this.#granted(wanted.sizeBytes, abortSignal);
      this.#lastMs = performance.now();
      exchange.started = true;
      const order = { object, wanted, condition, keys: bare(keys), now: clock.now(), chain: chain ?? null };
      const sent = (await this.#thread?.send(order, abortSignal)) ?? null;
      if (sent?.kind !== 'failed') return sent?.file ?? null;
      // By its date a clock that is off is noticed.
      const headers = sent.date === '' ? {} : { date: sent.date };
      exchange.reply = { status: sent.error.context.status ?? 0, headers, body: Buffer.alloc(0) };
      throw sent.error;
    });
  };

  refresh(): void {
    this.#thread?.refresh();
  }

  close(): void {
    this.#closed = true;
    this.#thread?.end();
  }

  /** The whole of it, before any of it goes: it is little. */
  async #granted(bytes: number, signal: AbortSignal): Promise<void> {
    const { throttle } = this.#options.surroundings;
    for (let granted = 0; granted < bytes;) {
      const want = Math.min(GRANT_BYTES, bytes - granted);
      const wait = throttle.take(want, signal);
      if (wait !== null) await wait;
      granted += want;
    }
  }

  #start(): void {
    const { workerUrl, settings, surroundings } = this.#options;
    this.#lastMs = performance.now();
    this.#thread = new SendThread(workerUrl, settings, surroundings.onReply, (broken) => {
      clearTimeout(this.#idle);
      if (broken) this.#withoutUntilMs = performance.now() + WITHOUT_MS;
      this.#thread = null;
    });
    this.#endWhenIdle(KEEP_IDLE_MS);
  }

  #endWhenIdle(delayMs: number): void {
    this.#idle = setTimeout(() => {
      const leftMs = this.#lastMs + KEEP_IDLE_MS - performance.now();
      if (leftMs > 0 || this.#thread?.busy === true) this.#endWhenIdle(Math.max(leftMs, 1000));
      else this.#thread?.end();
    }, delayMs).unref();
  }
}

/** Nothing else that an object of credentials may hold crosses threads. */
function bare({ accessKeyId, secretAccessKey, sessionToken }: SendKeys): SendKeys {
  return { accessKeyId, secretAccessKey, sessionToken };
}

type SendKeys = Awaited<ReturnType<CredentialSource['keys']>>;
