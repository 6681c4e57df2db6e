import type { FolderConfig, LongshoreConfig } from '../../src/config/config-types.ts';
import { FOREVER } from '../../src/db/stored-operation.ts';
import type { OperationFacts } from './outbox-view.ts';
import type { MachineTime } from './machine-time.ts';

interface Pause {
  /** Wall clock. */
  readonly until: number;
  /** On the clock that never jumps. */
  readonly sinceMs: number;
}

/** What the scenario has paused, independent of what the engine believes. */
export class PauseModel {
  readonly #time: MachineTime;
  readonly #pauses = new Map<string, Pause>();
  /** Folders that the configuration in force pauses or has no longer: their names, and since when. */
  readonly #resting = new Map<string, number>();

  constructor(time: MachineTime) {
    this.#time = time;
  }

  /** `scope`: `all`, `folder:NAME`, `provider:NAME` or `item:ID`. */
  set(scope: string, until: number): void {
    const before = this.#pauses.get(scope);
    const goesOn = before !== undefined && before.until > this.#time.now();
    this.#pauses.set(scope, { until, sinceMs: goesOn ? before.sinceMs : this.#time.elapsedMs });
  }

  clear(scope: string): void {
    this.#pauses.delete(scope);
  }

  /** Another configuration is in force. */
  configure({ folders }: LongshoreConfig, every: readonly FolderConfig[]): void {
    for (const { name } of every) {
      const works = folders.some((folder) => folder.name === name && !folder.paused);
      if (works) this.#resting.delete(name);
      else if (!this.#resting.has(name)) this.#resting.set(name, this.#time.elapsedMs);
    }
  }

  scopes(): string[] {
    return [...this.#pauses.keys()];
  }

  /** After a command that a crash cut off: only the database knows whether it took place. */
  takeFrom(stored: readonly { readonly scope: string; readonly until: number }[]): void {
    for (const scope of this.scopes()) {
      if (!scope.startsWith('item:') && !stored.some((pause) => pause.scope === scope)) this.clear(scope);
    }
    for (const { scope, until } of stored) this.#pauses.set(scope, { until, sinceMs: this.#time.elapsedMs });
  }

  /** A pause until a time of day means something else now; whether it holds is not judged any more. */
  clockWasSet(): void {
    for (const [scope, pause] of this.#pauses) if (pause.until !== FOREVER) this.#pauses.delete(scope);
  }

  /** Since when this is paused, or null. An item's own pause is read from its row by the caller. */
  since(operation: OperationFacts | null): number | null {
    if (operation === null) return this.#sinceOf(['all']);
    const { id, lane, folder } = operation;
    const of = folder === null ? lane : `folder:${folder}`;
    const resting = folder === null ? null : (this.#resting.get(folder) ?? null);
    return earlier(this.#sinceOf(['all', of, `item:${id}`]), resting);
  }

  /** Since when nothing in this folder may be touched, or null. */
  sinceOfFolder(name: string): number | null {
    return earlier(this.#sinceOf(['all', `folder:${name}`]), this.#resting.get(name) ?? null);
  }

  #sinceOf(scopes: readonly string[]): number | null {
    let since: number | null = null;
    for (const scope of scopes) {
      const pause = this.#pauses.get(scope);
      if (pause === undefined || pause.until <= this.#time.now()) continue;
      since = earlier(since, pause.sinceMs);
    }
    return since;
  }
}

function earlier(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}
