import { LongshoreError, toLongshoreError } from '../core/longshore-error.ts';
import type { EventType } from '../core/event-types.ts';
import type { Clock, EpochMs, LocalChanges, Random } from '../core/ports.ts';
import type { StoredAfterUpload } from '../db/after-uploads-repo.ts';
import type { Repositories } from '../db/repositories.ts';
import { retryDelayMs, type RetryPolicy } from '../resilience/retry-policy.ts';
import { splitPath } from './paths.ts';
import type { AfterUploadRule } from './record-after-upload.ts';

/** A trash that fails may work again tomorrow; the file stays where it is meanwhile. */
const POLICY: RetryPolicy = {
  maxAttempts: Number.MAX_SAFE_INTEGER,
  initialDelayMs: 1000,
  maxDelayMs: 60 * 60_000,
  multiplier: 4,
  jitter: 'full',
};
const BATCH = 50;
/** A folder that the configuration has no longer may come back. */
const NO_FOLDER_RETRY_MS = 10 * 60_000;
/** Why a file stays where it is. */
const CHANGED = 'the file changed after its upload';
const OTHER_RULE = 'the rule of its folder is another one now';

export interface AfterUploadDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly random: Random;
  readonly changes: Pick<LocalChanges, 'trash' | 'archive' | 'forgetArchive'>;
  /** The folder's root; null when it is not configured any more. */
  root(folder: string): string | null;
  /** What the folder wants done with this file now; null: it stays. */
  rule(file: Pick<StoredAfterUpload, 'folder' | 'path'>): AfterUploadRule | null;
  /** False while the folder is paused or frozen: nothing is touched (P9). */
  isOpen(folder: string): boolean;
  readonly onChange: () => void;
  readonly onFatal: (error: unknown) => void;
}

/**
 * Does what folders say about files whose upload has succeeded: trash or archive. Each wish was recorded in the transaction
 * of the success; a file that is not exactly what was uploaded, or whose folder wants something else by now, stays where it
 * is (P13).
 */
export class AfterUpload {
  readonly #deps: AfterUploadDeps;
  #working: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #cancelTimer: (() => void) | null = null;

  constructor(deps: AfterUploadDeps) {
    this.#deps = deps;
  }

  /** There may be something to do. */
  wake(): void {
    if (this.#stopped) return;
    if (this.#working !== null) {
      this.#again = true;
      return;
    }
    if (!this.#dueBy(this.#deps.clock.now())) {
      this.#armTimer();
      return;
    }
    this.#working = this.#work()
      .catch((error: unknown) => {
        this.#deps.onFatal(error);
      })
      .finally(() => {
        this.#working = null;
        this.#armTimer();
        if (!this.#again) return;
        this.#again = false;
        this.wake();
      });
  }

  /** The file in hand is finished with. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await this.#working;
  }

  idle(): boolean {
    return this.#working === null && !this.#dueBy(this.#deps.clock.now());
  }

  #dueBy(until: EpochMs): boolean {
    return this.#deps.repos.afterUploads.nextDue().some(({ folder, at }) => at <= until && this.#deps.isOpen(folder));
  }

  async #work(): Promise<void> {
    const { repos, clock } = this.#deps;
    for (const { folder } of repos.afterUploads.nextDue()) {
      for (;;) {
        const due = this.#deps.isOpen(folder) ? repos.afterUploads.due(folder, clock.now(), BATCH) : [];
        if (due.length === 0) break;
        for (const intent of due) {
          if (this.#stopped || !this.#deps.isOpen(folder)) return;
          await this.#act(intent);
        }
      }
    }
  }

  async #act(intent: StoredAfterUpload): Promise<void> {
    const { changes, clock, repos } = this.#deps;
    const root = this.#deps.root(intent.folder);
    if (root === null) {
      repos.afterUploads.postpone(intent.operation, clock.now() + NO_FOLDER_RETRY_MS, 'the folder is not configured');
      return;
    }
    const path = `${root}/${intent.path}`;
    const { archivePath, fingerprint, operation } = intent;
    const moot = this.#whyMoot(intent);
    try {
      if (moot !== null && archivePath !== null) await changes.forgetArchive(fingerprint, archivePath, operation);
      else if (archivePath !== null) await changes.archive(path, fingerprint, archivePath, operation);
      else if (moot === null) await changes.trash(path, fingerprint);
    } catch (error) {
      this.#failed(intent, error);
      return;
    }
    if (moot !== null) this.#leave(intent, moot);
    else if (archivePath === null) this.#end(intent, 'file-trashed', {}, true);
    else this.#end(intent, 'file-archived', { archivePath }, true);
  }

  #leave(intent: StoredAfterUpload, reason: string): void {
    this.#end(intent, 'left-in-place', { reason }, false);
  }

  /** In words; null: it is still to be done. */
  #whyMoot(intent: StoredAfterUpload): string | null {
    if (!this.#isWhatWasUploaded(intent)) return CHANGED;
    const rule = this.#deps.rule(intent);
    return rule?.action === intent.action && rule.archivePath === intent.archivePath ? null : OTHER_RULE;
  }

  /** No newer state of the file is known, and no newer operation on it. */
  #isWhatWasUploaded({ folder, path, fingerprint, operation }: StoredAfterUpload): boolean {
    const { dir, name } = splitPath(path);
    const file = this.#deps.repos.files.get(folder, dir, name);
    // Gone from the inventory: an attempt that died may have done it; the disk is looked at either way.
    return (
      file === null || file.fingerprint === null || (file.fingerprint === fingerprint && file.operation === operation)
    );
  }

  #failed(intent: StoredAfterUpload, error: unknown): void {
    const { repos, clock, random } = this.#deps;
    const failure = toLongshoreError(error);
    // An attempt that died after the file had gone, or the user was faster: either way it is done.
    if (failure.code === 'local.vanished') this.#end(intent, null, {}, true);
    else if (failure.code === 'local.changed') this.#leave(intent, CHANGED);
    else {
      const words = failure.context.detail ?? failure.message;
      const delayMs = retryDelayMs(POLICY, intent.attempts + 1, random.fraction());
      repos.transaction(() => {
        repos.afterUploads.postpone(intent.operation, clock.now() + delayMs, `${failure.code}: ${words}`);
        if (intent.attempts === 0)
          this.#tell(intent, 'left-in-place', {
            code: failure.code,
            message: `It was to be ${intent.action === 'trash' ? 'moved to the trash' : 'archived'} and stays where it is: ${failure.message}`,
            reason: words,
            again: true,
          });
      });
    }
    if (!(error instanceof LongshoreError)) throw error;
  }

  /** `gone`: the file is no longer here, by our doing: no user's delete, and nothing that a move could come from. */
  #end(
    intent: StoredAfterUpload,
    type: EventType | null,
    details: Readonly<Record<string, unknown>>,
    gone: boolean,
  ): void {
    const { repos, onChange } = this.#deps;
    repos.transaction(() => {
      repos.afterUploads.remove(intent.operation);
      if (type !== null) this.#tell(intent, type, details);
      const { dir, name } = splitPath(intent.path);
      const file = gone ? repos.files.get(intent.folder, dir, name) : null;
      if (file !== null && file.operation === intent.operation) repos.files.put({ ...file, fingerprint: null });
    });
    onChange();
  }

  #tell({ operation, path }: StoredAfterUpload, type: EventType, details: Readonly<Record<string, unknown>>): void {
    const { events, operations } = this.#deps.repos;
    const resourceKey = operations.byId(operation)?.resourceKey ?? null;
    events.append({ type, operationId: operation, resourceKey, from: null, to: null, details: { path, ...details } });
  }

  #armTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#stopped) return;
    const { repos, clock } = this.#deps;
    const times = repos.afterUploads.nextDue().flatMap(({ folder, at }) => (this.#deps.isOpen(folder) ? [at] : []));
    if (times.length === 0) return;
    this.#cancelTimer = clock.setTimer(Math.max(1, Math.min(...times) - clock.now()), () => {
      this.wake();
    });
  }
}
