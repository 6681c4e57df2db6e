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
    const scopes = operation === null ? ['all'] : ['all', operation.lane, `item:${operation.id}`];
    let since: number | null = null;
    for (const scope of scopes) {
      const pause = this.#pauses.get(scope);
      if (pause === undefined || pause.until <= this.#time.now()) continue;
      since = Math.min(since ?? Number.POSITIVE_INFINITY, pause.sinceMs);
    }
    return since;
  }
}
