/** Every number that holds when the configuration says nothing, with where it comes from. */
import type { RetryConfig } from './config-types.ts';

/** DESIGN section 6, Stability: a file is taken when it has stood still for this long. */
export const STABILITY_MS = 500;

/** RFC 9110 has no say; 30 s is what the AWS and Google SDK guides use as a request time limit for interactive clients. */
export const PROVIDER_TIMEOUT_MS = 30_000;

/** DESIGN section 8: the window in which an ambiguous POST may be repeated; also how long Stripe keeps a key. */
export const IDEMPOTENCY_WINDOW_MS = 24 * 3_600_000;

/**
 * Full jitter over doubling delays (AWS Architecture Blog, "Exponential Backoff and Jitter"). Ten attempts between 1 s and
 * 5 min are at most about 19 minutes of trying: longer than a deployment or a failover, short enough to tell a person.
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

/** Upper bound of transfers at once to one destination: undici gains nothing beyond it on the links measured. */
export const DESTINATION_CONCURRENCY_MAX = 64;

/** Upper bound of transfers at once over all destinations. */
export const GLOBAL_CONCURRENCY_MAX = 256;

/** What S3-compatible servers accept when they have no regions, and what the SDKs sign with then. */
export const REGION_OF_CUSTOM_ENDPOINT = 'us-east-1';

/** The header most gateways read (AWS API Gateway's usage plans, Azure-style portals spell their own). */
export const API_KEY_HEADER = 'X-Api-Key';
