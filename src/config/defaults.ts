/** Every number that holds when the configuration says nothing, with where it comes from. */
import type { DeleteRules, LongshoreConfig, RetryConfig } from './config-types.ts';

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

/** Our choice: longer than a lost packet's last retransmissions on a poor line, shorter than patience. */
export const STALL_TIMEOUT_MS = 30_000;

/** DESIGN section 6, Modes: deletes follow after this; more at once than both bounds asks a person first. */
const DELETE_GRACE_MS = 60_000;
export const ASK_ABOVE_DELETES = 50;
const ASK_ABOVE_SHARE = 0.2;

/** DESIGN section 11: events are kept for 90 days. */
export const HISTORY_KEEP_DAYS = 90;

/** Our choice: ten years, by which the database has grown to gigabytes on a busy machine. */
export const HISTORY_DAYS_MAX = 3650;

/** Our choice: below this a part of 5 MiB takes more than five minutes, which services and firewalls cut off. */
export const UPLOAD_KIBPS_MIN = 16;

/** Our choice: four stretches for each day of the week. */
export const WEEK_WINDOWS_MAX = 28;

/** Our choice: room for the outbox to write while a person clears up. */
const MIN_FREE_DISK_BYTES = 200 * 2 ** 20;

/** Our choice: twice the 32 at once that the sending path was measured with. */
export const DESTINATION_CONCURRENCY_MAX = 64;

/** Our choice: transfers at once over all destinations, so that four busy ones are not held back by each other. */
export const GLOBAL_CONCURRENCY_MAX = 256;

/** What S3-compatible servers accept when they have no regions, and what the SDKs sign with then. */
export const REGION_OF_CUSTOM_ENDPOINT = 'us-east-1';

/** The name that API gateways use most, AWS API Gateway among them. */
export const API_KEY_HEADER = 'X-Api-Key';

export const DEFAULT_DELETES: DeleteRules = {
  graceMs: DELETE_GRACE_MS,
  askAboveFiles: ASK_ABOVE_DELETES,
  askAboveShare: ASK_ABOVE_SHARE,
};

/** What holds where the sections are left out; shared with test fixtures, which then follow a new key by themselves. */
export const DEFAULT_SECTIONS: Pick<LongshoreConfig, 'limits' | 'network' | 'history'> = {
  limits: {
    uploadKiBps: 0,
    schedule: [],
    concurrency: 'auto',
    workingHours: [],
    minFreeDiskBytes: MIN_FREE_DISK_BYTES,
  },
  network: { proxy: { kind: 'system' }, pauseOnBattery: false, pauseOnMetered: false },
  history: { keepDays: HISTORY_KEEP_DAYS },
};
