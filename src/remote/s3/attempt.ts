import type { LongshoreError } from '../../core/longshore-error.ts';
import type { Clock, EpochMs, OnBytes } from '../../core/ports.ts';
import { classifyS3, type RequestCondition } from './classify-s3.ts';
import type { CredentialSource } from './credentials.ts';
import { newExchange, type Exchange } from './exchange.ts';
import type { S3Limits } from './options.ts';
import { untilAborted } from './until-aborted.ts';
import type { TransportOptions } from './transport.ts';

export interface Request {
  /** Key, prefix or bucket. */
  readonly subject: string;
  readonly signal: AbortSignal;
  readonly condition?: RequestCondition;
  readonly onBytes?: OnBytes;
  readonly replyTimeoutMs?: number;
  readonly receive?: NonNullable<Exchange['receive']>;
  /** All that `run` waits for ends when the signal aborts: nobody has to watch over it. */
  readonly heedsSignal?: boolean;
}

/** Runs one request; every way in which it can go wrong ends as a LongshoreError or as the signal's reason. */
export type Attempt = <T>(request: Request, run: (options: TransportOptions) => Promise<T>) => Promise<T>;

/** The time to sign with: the clock that was given, corrected by what a service said when it refused it. */
export class ServiceClock {
  readonly #clock: Pick<Clock, 'now'>;
  #offsetMs = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  now(): EpochMs {
    return this.#clock.now() + this.#offsetMs;
  }

  learn(serverTime: EpochMs): void {
    this.#offsetMs = serverTime - this.#clock.now();
  }
}

/** A refused time is tried again only with one that differs by more than this, ms: Date headers have whole seconds. */
const OTHER_TIME_MS = 2_000;

/** Clocks that differ less are no reason for a refusal; Amazon S3 tolerates 15 minutes, ms. */
const FAR_APART_MS = 60_000;

/** What a service says of keys that it knows, or takes, no longer. */
const STALE_KEYS: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'InvalidToken',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
]);

/**
 * A request is sent once. Only one whose signature was refused, because of the time or of keys that have been replaced,
 * goes a second time with another signature: nothing was done with the first, and nobody could mend it.
 */
export function attempts(
  limits: S3Limits,
  clock: Pick<Clock, 'now'>,
  serviceClock: ServiceClock,
  credentials: CredentialSource,
): Attempt {
  /** What stays the same as time goes by, and changes when the clock is corrected, here or by whoever gave it. */
  const clockBase = () => serviceClock.now() - performance.now();

  const signedAt = (before: { readonly clockBase: number }) => before.clockBase + performance.now();

  const signedAnew = async (
    error: LongshoreError,
    exchange: Exchange,
    before: { readonly generation: number; readonly clockBase: number },
  ): Promise<boolean> => {
    const serverTime = Date.parse(exchange.reply?.headers['date'] ?? '');
    // A refusal of HEAD has no words: where the clocks are far apart, that is the likeliest reason.
    const isWordless = error.context.status === 403 && error.context.serviceCode === undefined;
    if (error.code === 's3.clock-skew' || (isWordless && Math.abs(serverTime - signedAt(before)) > FAR_APART_MS)) {
      if (!Number.isNaN(serverTime)) serviceClock.learn(serverTime);
      return Math.abs(clockBase() - before.clockBase) > OTHER_TIME_MS;
    }
    if (error.code !== 's3.bad-credentials' || !STALE_KEYS.has(error.context.serviceCode ?? '')) return false;
    return credentials.refreshAfter(before.generation).catch(() => false);
  };

  return async (request, run) => {
    const { subject, signal, condition = null, onBytes = NOTHING_COUNTED } = request;
    const count = countedOnce(onBytes);
    for (let tries = 1; ; tries++) {
      const before = { generation: credentials.generation, clockBase: clockBase() };
      const replyTimeoutMs = request.replyTimeoutMs ?? limits.replyTimeoutMs;
      const exchange = newExchange(count(), replyTimeoutMs, request.receive ?? null);
      signal.throwIfAborted();
      try {
        const running = run({ abortSignal: signal, exchange });
        return await (request.heedsSignal === true ? running : untilAborted(running, signal));
      } catch (error) {
        signal.throwIfAborted();
        const failure = classifyS3(error, { subject, condition, exchange, now: clock.now() });
        if (tries > 1 || !(await signedAnew(failure, exchange, before))) throw failure;
      }
    }
  };
}

const NOTHING_COUNTED: OnBytes = () => {};

/** Each call gives the counter of one sending; what an earlier one has reported is not reported again. */
function countedOnce(onBytes: OnBytes): () => OnBytes {
  let reported = 0;
  return () => {
    let sent = 0;
    return (bytes) => {
      sent += bytes;
      if (sent <= reported) return;
      onBytes(sent - reported);
      reported = sent;
    };
  };
}
