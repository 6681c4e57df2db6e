import { endsWithin } from '../core/clock.ts';
import { LongshoreError, toLongshoreError } from '../core/longshore-error.ts';
import type { EventType } from '../core/event-types.ts';
import type { Clock, EpochMs, LocalChanges, Random } from '../core/ports.ts';
import type { StoredAfterUpload } from '../db/after-uploads-repo.ts';
import type { Repositories } from '../db/repositories.ts';
import { retryDelayMs, type RetryPolicy } from '../resilience/retry-policy.ts';
import { Stopped } from './outcome.ts';
import { splitPath } from './paths.ts';
import type { AfterUploadRule } from './record-after-upload.ts';

/** From one try to the next at the most. */
export const MAX_AFTER_UPLOAD_WAIT_MS = 60 * 60_000;
/** A trash that fails may work again tomorrow; the file stays where it is meanwhile. */
const POLICY: RetryPolicy = {
  maxAttempts: Number.MAX_SAFE_INTEGER,
  initialDelayMs: 1000,
  maxDelayMs: MAX_AFTER_UPLOAD_WAIT_MS,
  multiplier: 4,
  jitter: 'full',
};
const BATCH = 50;
/** `run` ends within 5 s. */
const STOP_LIMIT_MS = 4000;
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
  readonly #stopping = new AbortController();
  /** One for each folder that has something to do: an archive that is slow holds up no other folder (P10). */
  readonly #workers = new Map<string, Promise<void>>();
  /** What still hangs is not waited for, and writes nothing any more. */
  #abandoned = false;
  #cancelTimer: (() => void) | null = null;

  constructor(deps: AfterUploadDeps) {
    this.#deps = deps;
  }

  /** There may be something to do. */
  wake(): void {
    if (this.#stopping.signal.aborted) return;
    const now = this.#deps.clock.now();
    const waiting = this.#waiting();
    for (const { folder, at } of waiting) if (at <= now) this.#workers.set(folder, this.#run(folder));
    this.#armTimer(waiting.flatMap(({ at }) => (at > now ? [at] : [])));
  }

  /** The files in hand are finished with, or put back; what hangs in a system call is left behind. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Stopped('shutdown'));
    this.#cancelTimer?.();
    await endsWithin(this.#deps.clock, STOP_LIMIT_MS, Promise.all(this.#workers.values()));
    this.#abandoned = true;
  }

  /** Nothing is being done, or to be done now, in a folder that is open: what hangs in a frozen one has no end to wait for. */
  idle(): boolean {
    const now = this.#deps.clock.now();
    const works = [...this.#workers.keys()].some((folder) => this.#deps.isOpen(folder));
    return !works && !this.#waiting().some(({ at }) => at <= now);
  }

  /** Open folders that nobody works at, with the time when their first is due. */
  #waiting(): readonly { readonly folder: string; readonly at: EpochMs }[] {
    const intents = this.#deps.repos.afterUploads.nextDue();
    return intents.filter(({ folder }) => !this.#workers.has(folder) && this.#deps.isOpen(folder));
  }

  async #run(folder: string): Promise<void> {
    // The map has it before anything happens that could wake us.
    await Promise.resolve();
    try {
      await this.#work(folder);
      this.#workers.delete(folder);
      this.wake();
    } catch (error) {
      this.#workers.delete(folder);
      if (!this.#abandoned) this.#deps.onFatal(error);
    }
  }

  async #work(folder: string): Promise<void> {
    const { repos, clock } = this.#deps;
    const mayGoOn = () => !this.#stopping.signal.aborted && this.#deps.isOpen(folder);
    while (mayGoOn()) {
      const due = repos.afterUploads.due(folder, clock.now(), BATCH);
      if (due.length === 0) return;
      for (const intent of due) {
        if (!mayGoOn()) return;
        await this.#act(intent);
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
    const { signal } = this.#stopping;
    try {
      if (moot !== null && archivePath !== null) await changes.forgetArchive(fingerprint, archivePath, operation);
      else if (archivePath !== null) await changes.archive(path, fingerprint, archivePath, operation, signal);
      else if (moot === null) await changes.trash(path, fingerprint, signal);
    } catch (error) {
      // Stopped, it is no failure: the next start takes it up again.
      if (!this.#abandoned && error !== signal.reason) this.#failed(intent, error);
      return;
    }
    if (this.#abandoned) return;
    if (moot !== null) this.#leave(intent, moot);
    else if (archivePath === null) this.#end(intent, 'file-trashed', {}, true);
    else this.#end(intent, 'file-archived', { archivePath }, true);
  }

  #leave(intent: StoredAfterUpload, reason: string): void {
    this.#end(intent, 'left-in-place', { reason }, false);
  }

  /** In words; null: it is still to be done. */
  #whyMoot(intent: StoredAfterUpload): string | null {
    if (intent.moot !== null) return intent.moot;
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
      if (gone) this.#bury(intent);
    });
    onChange();
  }

  /** Like any file that is gone: kept in mind for a while, for whichever name takes up its object. */
  #bury({ folder, path, operation }: StoredAfterUpload): void {
    const { repos, clock } = this.#deps;
    const { dir, name } = splitPath(path);
    const file = repos.files.get(folder, dir, name);
    if (file?.operation !== operation) return;
    // Also of one that a scan has found gone meanwhile: no move comes from it.
    repos.tombstones.bury(folder, dir, name, { goneAt: clock.now(), identity: null, deleteRemote: false });
  }

  #tell({ operation, path }: StoredAfterUpload, type: EventType, details: Readonly<Record<string, unknown>>): void {
    const { events, operations } = this.#deps.repos;
    const resourceKey = operations.byId(operation)?.resourceKey ?? null;
    events.append({ type, operationId: operation, resourceKey, from: null, to: null, details: { path, ...details } });
  }

  #armTimer(times: readonly EpochMs[]): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (times.length === 0) return;
    const { clock } = this.#deps;
    this.#cancelTimer = clock.setTimer(Math.max(1, Math.min(...times) - clock.now()), () => {
      this.wake();
    });
  }
}
