import { assert } from '../core/assert.ts';
import { TOLD_AS, type EventType } from '../core/event-types.ts';
import type { OperationId } from '../core/ids.ts';
import { PRIORITIES, type OperationKind, type Priority } from '../core/operation.ts';
import type { Clock } from '../core/ports.ts';
import { nextState, type State, type StateEvent } from '../core/states.ts';
import type { ReadableDb } from './connection.ts';
import type { EventsRepo } from './events-repo.ts';
import { changed, OperationUpdate } from './operation-update.ts';
import { fromRow, type OperationChange, type OperationRow, type StoredOperation } from './stored-operation.ts';

/** What is needed to make an operation; everything else starts empty. */
export interface NewOperation {
  readonly id: OperationId;
  readonly kind: OperationKind;
  readonly priority: Priority;
  readonly lane: string;
  readonly target: string;
  /** Every resource that the operation changes; the first one is shown. */
  readonly resourceKeys: readonly string[];
  readonly spec: unknown;
  readonly sealed?: Uint8Array | null;
  readonly folder?: string | null;
  readonly path?: string | null;
  readonly destination?: string | null;
  readonly provider?: string | null;
  readonly contentType?: string | null;
  readonly bytesTotal?: number | null;
  readonly idempotencyScope?: string | null;
  readonly idempotencyKey?: string | null;
  readonly requestDigest?: string | null;
  readonly externalUrl?: string | null;
}

/** A row that nothing has happened to yet, as the schema's defaults have it. */
const EMPTY = {
  state: 'pending',
  parent: null,
  step: null,
  bytesDone: 0,
  attempts: 0,
  deaths: 0,
  leaseEpoch: null,
  leaseAttempt: 0,
  ending: null,
  dueAt: null,
  heldUntil: 0,
  error: null,
  memo: {},
  base: null,
  remote: null,
  verified: null,
  externalId: null,
  response: null,
  startedAt: null,
  completedAt: null,
} as const satisfies Partial<StoredOperation>;

/** Facts of a change for the history: type (default: how the step is told) and details without secrets. */
export interface ChangeNote {
  readonly type?: EventType;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly source?: 'internal' | 'external';
}

/** Writes operations. Every change of state goes through `transition`, which is one fenced update plus its event. */
export class OperationsRepo {
  readonly #clock: Clock;
  readonly #events: EventsRepo;
  readonly #onChange: (seq: number) => void;
  readonly #insert;
  readonly #insertKey;
  readonly #addKey;
  readonly #update;
  readonly #addBytes;
  readonly #boundDue;
  readonly #byId;
  readonly #bySeq;
  readonly #unfinishedOnKey;
  readonly #allRunning;
  readonly #byIdempotency;
  readonly #nextSeq;

  /** `onChange` hears of every operation that was made or changed, inside the transaction. */
  constructor(db: ReadableDb, clock: Clock, events: EventsRepo, onChange: (seq: number) => void = () => undefined) {
    this.#clock = clock;
    this.#events = events;
    this.#onChange = onChange;
    this.#insert = db.prepare<unknown[]>(
      `INSERT INTO operations (id, kind, state, priority, lane, folder, path, destination, provider, target, resource_key, spec,
         sealed, content_type, bytes_total, idempotency_scope, idempotency_key, request_digest, external_url, created_at, updated_at)
       VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertKey = db.prepare<unknown[]>(
      'INSERT INTO operation_keys (operation_seq, resource_key, held, active) VALUES (?, ?, 1, 0) ON CONFLICT DO NOTHING',
    );
    this.#addKey = db.prepare<unknown[]>(
      `INSERT INTO operation_keys (operation_seq, resource_key, held, active)
       SELECT seq, ?, 1, state = 'running' FROM operations WHERE seq = ? ON CONFLICT DO NOTHING`,
    );
    this.#update = new OperationUpdate(db);
    this.#addBytes = db.prepare<unknown[]>(
      "UPDATE operations SET bytes_done = ?, updated_at = ?, deaths = CASE WHEN ? THEN 0 ELSE deaths END WHERE seq = ? AND lease_attempt = ? AND state = 'running'",
    );
    this.#boundDue = db.prepare<unknown[]>(
      "UPDATE operations SET due_at = ? + (due_at - updated_at), updated_at = ? WHERE state = 'waiting' AND updated_at > ?",
    );
    this.#byId = db.prepare<unknown[], OperationRow>('SELECT * FROM operations WHERE id = ?');
    this.#bySeq = db.prepare<unknown[], OperationRow>('SELECT * FROM operations WHERE seq = ?');
    this.#unfinishedOnKey = db.prepare<unknown[], OperationRow>(
      `SELECT o.* FROM operations o WHERE o.seq IN (SELECT operation_seq FROM operation_keys WHERE resource_key = ?)
       AND +o.state IN ('pending','running','waiting','conflict','failed','compensating') ORDER BY o.seq`,
    );
    this.#allRunning = db.prepare<unknown[], OperationRow>(
      "SELECT * FROM operations WHERE state = 'running' ORDER BY seq",
    );
    this.#byIdempotency = db.prepare<unknown[], OperationRow>(
      'SELECT * FROM operations WHERE idempotency_scope = ? AND idempotency_key = ?',
    );
    this.#nextSeq = db.prepare<unknown[], { seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM operations');
  }

  insert(made: NewOperation, details: Readonly<Record<string, unknown>> = {}): StoredOperation {
    const resourceKey = made.resourceKeys[0] ?? null;
    const now = this.#clock.now();
    const fresh: Omit<StoredOperation, 'seq'> = {
      ...EMPTY,
      id: made.id,
      kind: made.kind,
      priority: made.priority,
      lane: made.lane,
      folder: made.folder ?? null,
      path: made.path ?? null,
      destination: made.destination ?? null,
      provider: made.provider ?? null,
      target: made.target,
      resourceKey,
      spec: made.spec,
      sealed: made.sealed ?? null,
      contentType: made.contentType ?? null,
      bytesTotal: made.bytesTotal ?? null,
      idempotencyScope: made.idempotencyScope ?? null,
      idempotencyKey: made.idempotencyKey ?? null,
      requestDigest: made.requestDigest ?? null,
      externalUrl: made.externalUrl ?? null,
      createdAt: now,
      updatedAt: now,
    };
    const result = this.#insert.run(
      fresh.id,
      fresh.kind,
      PRIORITIES.indexOf(fresh.priority),
      fresh.lane,
      fresh.folder,
      fresh.path,
      fresh.destination,
      fresh.provider,
      fresh.target,
      resourceKey,
      JSON.stringify(fresh.spec),
      fresh.sealed,
      fresh.contentType,
      fresh.bytesTotal,
      fresh.idempotencyScope,
      fresh.idempotencyKey,
      fresh.requestDigest,
      fresh.externalUrl,
      now,
      now,
    );
    const seq = Number(result.lastInsertRowid);
    for (const key of made.resourceKeys) this.#insertKey.run(seq, key);
    this.#events.append({ type: 'queued', operationId: made.id, resourceKey, from: null, to: 'pending', details });
    this.#onChange(seq);
    return { ...fresh, seq };
  }

  /**
   * Persists one step of the lifecycle. Returns the new row, or null when the operation is no longer as `seen` (another
   * lease, another state): a stale executor changes nothing. An illegal step is a bug and throws.
   */
  transition(
    seen: StoredOperation,
    event: StateEvent,
    change: OperationChange = {},
    note: ChangeNote = {},
  ): StoredOperation | null {
    const state = nextState(seen.state, event);
    assert(state !== null, `${event} is not possible in state ${seen.state}`);
    const written = this.#write(seen, state, change);
    if (written === null) return null;
    this.#events.append({
      type: note.type ?? TOLD_AS[event],
      operationId: seen.id,
      resourceKey: seen.resourceKey,
      from: seen.state,
      to: state,
      details: note.details ?? {},
      ...(note.source === undefined ? {} : { source: note.source }),
    });
    return written;
  }

  /** Changes facts without a step of the lifecycle. Null as in `transition`. */
  amend(seen: StoredOperation, change: OperationChange, note?: ChangeNote): StoredOperation | null {
    const written = this.#write(seen, seen.state, change);
    if (written !== null && note?.type !== undefined) {
      this.#events.append({
        type: note.type,
        operationId: seen.id,
        resourceKey: seen.resourceKey,
        from: null,
        to: null,
        details: note.details ?? {},
        ...(note.source === undefined ? {} : { source: note.source }),
      });
    }
    return written;
  }

  #write(seen: StoredOperation, state: State, change: OperationChange): StoredOperation | null {
    const next = changed(seen, state, change, this.#clock.now());
    if (!this.#update.write(seen, next, change)) return null;
    this.#onChange(seen.seq);
    return next;
  }

  /**
   * Stores how far a running operation got. Ignored when the lease is stale. `progressed`: a checkpoint more than before;
   * then the deaths of the engine so far are not this operation's doing.
   */
  setBytesDone(seen: StoredOperation, bytesDone: number, progressed = false): void {
    const result = this.#addBytes.run(bytesDone, this.#clock.now(), Number(progressed), seen.seq, seen.leaseAttempt);
    if (result.changes > 0) this.#onChange(seen.seq);
  }

  /** Where the clock was set back during a wait, the whole wait begins anew, now. Returns how many that concerned. */
  boundDue(): number {
    const now = this.#clock.now();
    return this.#boundDue.run(now, now, now).changes;
  }

  /** A further resource that the operation changes from now on. */
  addKey(seq: number, resourceKey: string): void {
    this.#addKey.run(resourceKey, seq);
  }

  byId(id: string): StoredOperation | null {
    const row = this.#byId.get(id);
    return row === undefined ? null : fromRow(row);
  }

  bySeq(seq: number): StoredOperation | null {
    const row = this.#bySeq.get(seq);
    return row === undefined ? null : fromRow(row);
  }

  /** All that is not terminal on a resource, oldest first. */
  unfinishedOn(resourceKey: string): StoredOperation[] {
    return this.#unfinishedOnKey.all(resourceKey).map(fromRow);
  }

  running(): StoredOperation[] {
    return this.#allRunning.all().map(fromRow);
  }

  byIdempotencyKey(scope: string, key: string): StoredOperation | null {
    const row = this.#byIdempotency.get(scope, key);
    return row === undefined ? null : fromRow(row);
  }

  lastSeq(): number {
    return this.#nextSeq.get()?.seq ?? 0;
  }
}
