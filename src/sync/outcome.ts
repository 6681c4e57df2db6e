import type { ErrorCode } from '../core/error-table.ts';
import type { LongshoreError } from '../core/longshore-error.ts';
import type { OperationChange, StoredOperation, StoredVersion } from '../db/stored-operation.ts';

/** Why an executor has to stop. `pause`, `shutdown` and `gate` go back to the queue; the others end the operation. */
export type StopReason = 'pause' | 'shutdown' | 'cancelled' | 'superseded' | 'timeout';

export class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(`stopped: ${reason}`);
    this.reason = reason;
  }
}

/** How an attempt ended. Executors return it and never touch the operation's state themselves. */
export type Outcome =
  | {
      readonly kind: 'succeeded';
      readonly change: OperationChange;
      readonly details: Readonly<Record<string, unknown>>;
      /** Further facts to store in the same transaction. */
      readonly apply?: () => void;
    }
  | {
      readonly kind: 'conflict';
      readonly code: ErrorCode;
      readonly change: OperationChange;
      readonly base: StoredVersion | null;
      readonly remote: StoredVersion | null;
      /** What more there is to say, a sentence. */
      readonly detail?: string | null;
      /** Decides the conflict at once, in the same transaction; it stands as it is where that can't be. */
      readonly decide?: (conflict: StoredOperation) => void;
    }
  | { readonly kind: 'failed'; readonly error: LongshoreError; readonly change?: OperationChange }
  /** A newer local state has made it moot: it ends as superseded, with the reason in its history. */
  | { readonly kind: 'obsolete'; readonly reason: string; readonly change?: OperationChange }
  | { readonly kind: 'stopped'; readonly change?: OperationChange };

export interface Attempt {
  /** Aborts with a `Stopped` as its reason: byte transfers stop at their checkpoint. */
  readonly signal: AbortSignal;
  /** For what may finish once it is in flight (a call, Complete): aborts only when the engine can't wait any longer. */
  readonly commitSignal: AbortSignal;
  /** Bytes that the service has for good, and bytes of this attempt that are on their way. */
  progress(doneBytes: number, inFlightBytes: number): void;
}

/** Does one attempt at operations of one kind. Must be safe to run again after a crash at any point (P5). */
export interface Executor {
  run(operation: StoredOperation, attempt: Attempt): Promise<Outcome>;
}
