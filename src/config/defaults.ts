/** Every number that holds when the configuration says nothing, with where it comes from. */
import type { RetryConfig } from './config-types.ts';

/** DESIGN section 6, Stability: a file is taken when it has stood still for this long. */
export const STABILITY_MS = 500;

/** Our choice: no standard says; long enough for a slow reply, short enough that a dead connection is noticed. */
export const PROVIDER_TIMEOUT_MS = 30_000;

/** DESIGN section 8: the window in which an ambiguous POST may be repeated; also how long Stripe keeps a key. */
export const IDEMPOTENCY_WINDOW_MS = 24 * 3_600_000;

/**
 * Full jitter over doubling delays (AWS Architecture Blog, "Exponential Backoff and Jitter"). Ten attempts between 1 s and
 * 5 min wait at most 511 s in all: our choice, longer than most restarts of a service, soon enough to tell a person.
 */
export const DESTINATION_RETRY: RetryConfig = {
  maxAttempts: 10,
  initialDelayMs: 1000,
  maxDelayMs: 300_000,
  multiplier: 2,
  jitter: 'full',
};

/** As for destinations, fewer: a call that a service keeps refusing usually needs a person. */
export const PROVIDER_RETRY: RetryConfig = { ...DESTINATION_RETRY, maxAttempts: 8 };

/** 8 MiB is the AWS CLI's `multipart_chunksize`; grown by the planner where 10,000 parts would not do. */
export const PART_SIZE_MIB = 8;

/** Amazon S3 "multipart upload limits": a part has 5 MiB to 5 GiB. */
export const PART_SIZE_MIB_MIN = 5;
export const PART_SIZE_MIB_MAX = 5120;

/** Our choice: twice the 32 at once that the sending path was measured with. */
export const DESTINATION_CONCURRENCY_MAX = 64;

/** Our choice: transfers at once over all destinations, so that four busy ones are not held back by each other. */
export const GLOBAL_CONCURRENCY_MAX = 256;

/** What S3-compatible servers accept when they have no regions, and what the SDKs sign with then. */
export const REGION_OF_CUSTOM_ENDPOINT = 'us-east-1';

/** The name that API gateways use most, AWS API Gateway among them. */
export const API_KEY_HEADER = 'X-Api-Key';
