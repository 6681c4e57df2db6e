import { placeInWords } from '../config/storage-place.ts';
import { assert } from '../core/assert.ts';
import { LongshoreError, toLongshoreError } from '../core/longshore-error.ts';
import type { Clock, EpochMs, Random } from '../core/ports.ts';
import type { StoredCleanup } from '../db/cleanups-repo.ts';
import type { Repositories } from '../db/repositories.ts';
import { MAX_RETRY_AFTER_MS, retryDelayMs, type RetryPolicy } from '../resilience/retry-policy.ts';
import { removeUnder } from './capabilities/conditional-write.ts';
import { isElsewhere } from './upload/is-elsewhere.ts';
import { findOrphans } from './upload/orphans.ts';
import type { UploadTarget } from './upload/upload-context.ts';

/** A cleanup is tried until it succeeds: soon at first, then every ten minutes. */
const POLICY: RetryPolicy = {
  maxAttempts: Number.MAX_SAFE_INTEGER,
  initialDelayMs: 1000,
  maxDelayMs: 600_000,
  multiplier: 2,
  jitter: 'full',
};
/** No cleanup is ever put off for longer, ms. */
export const MAX_CLEANUP_WAIT_MS = POLICY.maxDelayMs + MAX_RETRY_AFTER_MS;
const BATCH = 50;
/** A destination that the configuration has no longer may come back; look again then, ms. */
const NO_TARGET_RETRY_MS = 60_000;
/** Nor is a cleanup done at another place than its own; that may come back too, ms. */
const ELSEWHERE_RETRY_MS = 3_600_000;
/** So long a Create whose reply nobody waited for may still take effect, ms; only then a look finds all that it made. */
const LATE_CREATE_MS = 60_000;
/** Looks after the first one. */
const LATE_LOOKS = 2;
/** After a look that could not tell whose an open upload is, ms. */
const UNCLEAR_RETRY_MS = 5000;

export interface JanitorDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly random: Random;
  target(destination: string): UploadTarget | null;
  /** False while the destination is behind a gate: nothing is sent (P9). */
  isOpen(destination: string): boolean;
  /** When its gate opens by itself; null when only an event can open it, or when it is open. */
  opensAt(destination: string): EpochMs | null;
  /** What a request told of the destination: it answered (null), or it could not be reached. */
  heardFrom(destination: string, unreachable: LongshoreError | null): void;
  readonly onFatal: (error: unknown) => void;
}

/** When and why to come back. */
interface Again {
  readonly at: EpochMs;
  readonly reason: string;
  /** What was there to be seen was seen: only such looks count, or failures would use them up. */
  readonly looked: boolean;
}

/** Without an id it is looked for, more than once: a late Create may make it after the first look. */
function isSearch({ kind, uploadId }: StoredCleanup): boolean {
  return kind === 'abort-upload' && uploadId === null;
}

/** Runs cleanup rows until each has succeeded (P7): abandoned multipart uploads are aborted, left objects deleted. */
export class Janitor {
  readonly #deps: JanitorDeps;
  readonly #stopping = new AbortController();
  /** Of cleanups without an id, whose stored attempts are looks that succeeded: how often they have failed since. */
  readonly #failures = new Map<number, number>();
  #working: Promise<void> | null = null;
  #again = false;
  #placesKnown = false;
  #cancelTimer: (() => void) | null = null;

  constructor(deps: JanitorDeps) {
    this.#deps = deps;
  }

  /** There may be something to clean up. */
  wake(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#working !== null) {
      this.#again = true;
      return;
    }
    this.#working = this.#work()
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted) this.#deps.onFatal(error);
      })
      .finally(() => {
        this.#working = null;
        this.#armTimer();
        if (this.#again) {
          this.#again = false;
          this.wake();
        }
      });
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the janitor is stopped'));
    this.#cancelTimer?.();
    await this.#working;
  }

  /** No cleanup runs, or could run now. */
  idle(): boolean {
    return this.#working === null && !this.dueBy(this.#deps.clock.now());
  }

  /** Whether a cleanup that may run is due until `until`: for `run --once`, which waits for it. */
  dueBy(until: EpochMs): boolean {
    return this.#deps.repos.cleanups
      .nextDue()
      .some((entry) => entry.at <= until && this.#deps.isOpen(entry.destination));
  }

  async #work(): Promise<void> {
    this.#lookForPlaces();
    for (const { destination } of this.#deps.repos.cleanups.nextDue()) {
      if (!this.#deps.isOpen(destination)) continue;
      for (const cleanup of this.#deps.repos.cleanups.due(destination, this.#deps.clock.now(), BATCH)) {
        if (this.#stopping.signal.aborted || !this.#deps.isOpen(destination)) return;
        await this.#run(cleanup);
      }
    }
  }

  /** What was put off because the configuration did not name its place, and does now, is due; once, as it names no other. */
  #lookForPlaces(): void {
    if (this.#placesKnown) return;
    this.#placesKnown = true;
    const { cleanups } = this.#deps.repos;
    for (const { destination } of cleanups.nextDue()) {
      const place = this.#deps.target(destination)?.place;
      if (place !== undefined) cleanups.dueAgain(destination, place, elsewhere(place), this.#deps.clock.now());
    }
  }

  async #run(cleanup: StoredCleanup): Promise<void> {
    const { repos, clock, random } = this.#deps;
    const target = this.#deps.target(cleanup.destination);
    if (target === null) {
      repos.cleanups.postpone(cleanup.id, clock.now() + NO_TARGET_RETRY_MS, 'the destination is not configured');
      return;
    }
    if (isElsewhere(cleanup, target)) {
      const reason = elsewhere(cleanup.place);
      repos.cleanups.postpone(cleanup.id, clock.now() + ELSEWHERE_RETRY_MS, reason, false);
      return;
    }
    try {
      const again = (await this.#clean(cleanup, target)) ?? this.#lateLook(cleanup);
      this.#deps.heardFrom(cleanup.destination, null);
      if (again !== null) {
        repos.cleanups.postpone(cleanup.id, again.at, again.reason, again.looked);
        return;
      }
      this.#failures.delete(cleanup.id);
      repos.transaction(() => {
        repos.cleanups.done(cleanup.id);
        const details = { destination: cleanup.destination, key: cleanup.key };
        repos.events.append({
          type: cleanup.kind === 'delete-object' ? 'object-removed' : 'upload-aborted',
          operationId: null,
          resourceKey: `${cleanup.destination}:${cleanup.key}`,
          from: null,
          to: null,
          details,
        });
      });
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const failure = toLongshoreError(error);
      if (error instanceof LongshoreError)
        this.#deps.heardFrom(cleanup.destination, error.class === 'unreachable' ? error : null);
      const bySearch = isSearch(cleanup);
      const failures = (bySearch ? (this.#failures.get(cleanup.id) ?? 0) : cleanup.attempts) + 1;
      if (bySearch) this.#failures.set(cleanup.id, failures);
      const delayMs = retryDelayMs(POLICY, failures, random.fraction(), failure.context.retryAfterMs);
      repos.cleanups.postpone(
        cleanup.id,
        clock.now() + delayMs,
        `${failure.code}: ${failure.context.detail ?? failure.message}`,
        !bySearch,
      );
      if (!(error instanceof LongshoreError)) throw error;
    }
  }

  /** A Create whose reply was lost may reach the service after the first look: there are two more. */
  #lateLook(cleanup: StoredCleanup): Again | null {
    if (!isSearch(cleanup) || cleanup.attempts >= LATE_LOOKS) return null;
    const at = this.#deps.clock.now() + LATE_CREATE_MS;
    return { at, reason: 'a request may still be on its way', looked: true };
  }

  /** Null when it is done, else when and why to come back. */
  async #clean(cleanup: StoredCleanup, target: UploadTarget): Promise<Again | null> {
    const { signal } = this.#stopping;
    if (cleanup.kind === 'delete-object') {
      await removeLeft(target, cleanup.key, cleanup.etag, signal);
      return null;
    }
    if (cleanup.uploadId !== null) {
      await target.store.abortUpload(cleanup.key, cleanup.uploadId, signal);
      return null;
    }
    const orphans = await findOrphans(this.#deps, target, cleanup, signal);
    const at = this.#deps.clock.now() + UNCLEAR_RETRY_MS;
    const unclear: Again = { at, reason: 'another upload of ours is beginning', looked: false };
    if (orphans === null) return unclear;
    for (const upload of orphans) {
      // A pause that came meanwhile: the rest waits for its end.
      if (!this.#deps.isOpen(cleanup.destination)) return { ...unclear, reason: 'behind a gate' };
      await target.store.abortUpload(upload.key, upload.uploadId, signal);
    }
    return null;
  }

  #armTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#stopping.signal.aborted) return;
    const now = this.#deps.clock.now();
    const times: EpochMs[] = this.#deps.repos.cleanups.nextDue().flatMap(({ destination, at }) => {
      if (this.#deps.isOpen(destination)) return [at];
      const opensAt = this.#deps.opensAt(destination);
      return opensAt === null ? [] : [Math.max(at, opensAt)];
    });
    if (times.length === 0) return;
    this.#cancelTimer = this.#deps.clock.setTimer(Math.max(1, Math.min(...times) - now), () => {
      this.wake();
    });
  }
}

function elsewhere(place: string): string {
  return `It lies in ${placeInWords(place)}, which the configuration names no longer`;
}

/** Another version at the key is not what was left there: it stays. */
async function removeLeft(target: UploadTarget, key: string, etag: string | null, signal: AbortSignal): Promise<void> {
  assert(etag !== null, 'an object to delete is named by its version');
  try {
    await removeUnder(target, key, etag, signal);
  } catch (error) {
    if (!(error instanceof LongshoreError) || error.class !== 'conflict') throw error;
  }
}
