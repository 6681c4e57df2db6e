import type { Notification } from '../protocol/contract.ts';
import type { OperationView, StatusView } from '../protocol/shapes.ts';

/** Finished operations that stay on screen. */
const RECENT = 5;
/** More are never shown; those beyond are in the counts. */
export const MAX_ACTIVE = 100;

/** What the live view shows, kept up to date from snapshots and numbered changes. */
export class LiveModel {
  #status: StatusView | null = null;
  #lastSeq: number | null = null;
  readonly #active = new Map<string, OperationView>();
  #recent: OperationView[] = [];

  get status(): StatusView | null {
    return this.#status;
  }

  /** Under way, oldest first. */
  get active(): readonly OperationView[] {
    return [...this.#active.values()].toSorted((a, b) =>
      (a.startedAt ?? a.createdAt).localeCompare(b.startedAt ?? b.createdAt),
    );
  }

  /** Finished lately, newest first. */
  get recent(): readonly OperationView[] {
    return this.#recent;
  }

  reset(status: StatusView, seq: number | null, active: readonly OperationView[]): void {
    this.#status = status;
    this.#lastSeq = seq ?? this.#lastSeq;
    this.#active.clear();
    for (const operation of active.slice(0, MAX_ACTIVE)) this.#active.set(operation.id, operation);
  }

  /** Takes a change in. False when something was missed: a fresh snapshot is needed. */
  apply(change: Notification<'changed'>): boolean {
    const isGap = this.#lastSeq !== null && change.seq > this.#lastSeq + 1;
    this.#lastSeq = change.seq;
    this.#status = change.status;
    for (const operation of change.operations) this.#take(operation);
    return !isGap && !change.more;
  }

  #take(operation: OperationView): void {
    const isActive = operation.state === 'running' || operation.state === 'compensating';
    if (isActive) {
      if (this.#active.has(operation.id) || this.#active.size < MAX_ACTIVE) this.#active.set(operation.id, operation);
      return;
    }
    this.#active.delete(operation.id);
    if (operation.state !== 'succeeded') return;
    this.#recent = [operation, ...this.#recent.filter(({ id }) => id !== operation.id)].slice(0, RECENT);
  }
}
