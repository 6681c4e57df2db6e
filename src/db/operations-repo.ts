import { assert } from '../core/assert.ts';
import { TOLD_AS, type EventType } from '../core/event-types.ts';
import type { OperationKind } from '../core/operation.ts';
import type { Clock } from '../core/ports.ts';
import { nextState, type State, type StateEvent } from '../core/states.ts';
import { BulkInsert } from './bulk-insert.ts';
import type { ReadableDb } from './connection.ts';
import type { EventsRepo, NewEvent } from './events-repo.ts';
import { fresh, INSERTED, insertedValues, type NewOperation } from './new-operation.ts';
import { changed, OperationUpdate } from './operation-update.ts';
import { SoonInserted, type Insertion } from './soon-inserted.ts';
import { fromRow, type OperationChange, type OperationRow, type StoredOperation } from './stored-operation.ts';

/** Facts of a change for the history: type (default: how the step is told) and details without secrets. */
export interface ChangeNote {
  readonly type?: EventType;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly source?: 'internal' | 'external';
}

/** One step of one operation's lifecycle, from the row as it was last seen. */
export interface Step {
  readonly seen: StoredOperation;
  readonly event: StateEvent;
  readonly change?: OperationChange;
  readonly note?: ChangeNote;
}

function stateAfter({ seen, event }: Step): State {
  const state = nextState(seen.state, event);
  assert(state !== null, `${event} is not possible in state ${seen.state}`);
  return state;
}

/** The step as the history tells it. */
function told(step: Step): NewEvent {
  const { seen, event, note = {} } = step;
  return {
    type: note.type ?? TOLD_AS[event],
    operationId: seen.id,
    operationSeq: seen.seq,
    resourceKey: seen.resourceKey,
    from: seen.state,
    to: stateAfter(step),
    details: note.details ?? {},
    ...(note.source === undefined ? {} : { source: note.source }),
  };
}

/** Writes operations. Every change of state goes through `transition`, which is one fenced update plus its event. */
export class OperationsRepo {
  readonly #clock: Clock;
  readonly #events: EventsRepo;
  readonly #onChange: (seq: number) => void;
  readonly #insert;
  readonly #insertKeys;
  readonly #lastGivenSeq;
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
  readonly #stateOf;
  readonly #runsOn;
  readonly #lastBegun;
  readonly #soon: SoonInserted;

  /** `onChange` hears of every operation that was made or changed, inside the transaction. */
  constructor(db: ReadableDb, clock: Clock, events: EventsRepo, onChange: (seq: number) => void = () => undefined) {
    this.#clock = clock;
    this.#events = events;
    this.#onChange = onChange;
    this.#insert = new BulkInsert(db, 'operations', INSERTED);
    this.#insertKeys = new BulkInsert(
      db,
      'operation_keys',
      ['operation_seq', 'resource_key', 'held', 'active'],
      'ON CONFLICT DO NOTHING',
    );
    // All that were ever given, also to rows that are gone: what AUTOINCREMENT would go on from.
    this.#lastGivenSeq = db
      .prepare<unknown[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'operations'")
      .pluck();
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
    this.#stateOf = db.prepare<unknown[], State>('SELECT state FROM operations WHERE id = ?').pluck();
    this.#runsOn = db
      .prepare<unknown[], number>(
        `SELECT 1 FROM operation_keys k INDEXED BY operation_keys_one_runner CROSS JOIN operations o ON o.seq = k.operation_seq
         WHERE k.resource_key = (SELECT ?) AND k.active = 1 AND o.kind = (SELECT ?) AND o.state = 'running'`,
      )
      .pluck();
    this.#lastBegun = db.prepare<unknown[], OperationRow>(
      `SELECT o.* FROM operation_keys k INDEXED BY operation_keys_by_resource CROSS JOIN operations o ON o.seq = k.operation_seq
       WHERE k.resource_key = (SELECT ?) AND k.operation_seq < (SELECT ?) AND o.started_at IS NOT NULL
       ORDER BY k.operation_seq DESC LIMIT 1`,
    );
    this.#soon = new SoonInserted((all) => {
      this.#insertNow(all);
    });
  }

  insert(made: NewOperation, details: Readonly<Record<string, unknown>> = {}): StoredOperation {
    const [operation] = this.insertAll([{ made, details }]);
    assert(operation !== undefined, 'one in, one out');
    return operation;
  }

  /** In this order, which is the order of work (P8). `details` are told with the first event of each. */
  insertAll(all: readonly Insertion[]): StoredOperation[] {
    this.#soon.flush();
    return this.#insertNow(all);
  }

  /**
   * `insert` for whoever makes many and needs no more than their ids: in a transaction of `Repositories` they are written
   * together, in their order, at its end at the latest, and before this repository is asked for any of them.
   */
  insertSoon(made: NewOperation, details: Readonly<Record<string, unknown>> = {}): void {
    this.#soon.add({ made, details });
  }

  /** Writes what `insertSoon` has collected. */
  flush(): void {
    this.#soon.flush();
  }

  /** The work of one transaction: what it inserts soon is written at its end, and comes to nothing with it. */
  collecting<T>(work: () => T): T {
    return this.#soon.during(work);
  }

  #insertNow(all: readonly Insertion[]): StoredOperation[] {
    const now = this.#clock.now();
    const lastSeq = this.#lastGivenSeq.get() ?? 0;
    const operations = all.map(({ made }, index) => fresh(made, lastSeq + 1 + index, now));
    this.#insert.run(operations.map(insertedValues));
    this.#insertKeys.run(
      operations.flatMap(({ seq }, index) => all[index]?.made.resourceKeys.map((key) => [seq, key, 1, 0]) ?? []),
    );
    this.#events.appendAll(
      operations.map(({ id, seq, resourceKey }, index) => ({
        type: 'queued',
        operationId: id,
        operationSeq: seq,
        resourceKey,
        from: null,
        to: 'pending',
        details: all[index]?.details ?? {},
      })),
    );
    for (const { seq } of operations) this.#onChange(seq);
    return operations;
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
    const step: Step = { seen, event, change, note };
    const written = this.#write(seen, stateAfter(step), change);
    if (written !== null) this.#events.append(told(step));
    return written;
  }

  /**
   * Persists steps of many operations, each of them once, in few statements. What `transition` would give for each, in
   * their order.
   */
  transitionAll(steps: readonly Step[]): (StoredOperation | null)[] {
    const now = this.#clock.now();
    const rows = steps.map((step) => {
      const { seen, change = {} } = step;
      return { seen, next: changed(seen, stateAfter(step), change, now), change };
    });
    const written = this.#update.writeAll(rows);
    const done = rows.map((row) => (written.has(row) ? row.next : null));
    this.#events.appendAll(steps.filter((_, index) => done[index] !== null).map(told));
    for (const { seen } of written) this.#onChange(seen.seq);
    return done;
  }

  /** Changes facts without a step of the lifecycle. Null as in `transition`. */
  amend(seen: StoredOperation, change: OperationChange, note?: ChangeNote): StoredOperation | null {
    const written = this.#write(seen, seen.state, this.#bound(seen, change));
    if (written !== null && note?.type !== undefined) {
      this.#events.append({
        type: note.type,
        operationId: seen.id,
        operationSeq: seen.seq,
        resourceKey: seen.resourceKey,
        from: null,
        to: null,
        details: note.details ?? {},
        ...(note.source === undefined ? {} : { source: note.source }),
      });
    }
    return written;
  }

  /** The clock was set back during its wait, and nobody has noticed yet: `boundDue` could not tell it from this row any more. */
  #bound(seen: StoredOperation, change: OperationChange): OperationChange {
    const now = this.#clock.now();
    if (seen.state !== 'waiting' || seen.dueAt === null || seen.updatedAt <= now || change.dueAt !== undefined)
      return change;
    return { ...change, dueAt: now + (seen.dueAt - seen.updatedAt) };
  }

  #write(seen: StoredOperation, state: State, change: OperationChange): StoredOperation | null {
    const next = changed(seen, state, change, this.#clock.now());
    if (!this.#update.write({ seen, next, change })) return null;
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
    this.#soon.flushIfId(id);
    const row = this.#byId.get(id);
    return row === undefined ? null : fromRow(row);
  }

  bySeq(seq: number): StoredOperation | null {
    const row = this.#bySeq.get(seq);
    return row === undefined ? null : fromRow(row);
  }

  stateOf(id: string): State | null {
    this.#soon.flushIfId(id);
    return this.#stateOf.get(id) ?? null;
  }

  /** All that is not terminal on a resource, oldest first. */
  unfinishedOn(resourceKey: string): StoredOperation[] {
    this.#soon.flushIfKey(resourceKey);
    return this.#unfinishedOnKey.all(resourceKey).map(fromRow);
  }

  /** Whether an operation of this kind runs on a resource. */
  runsOn(resourceKey: string, kind: OperationKind): boolean {
    return this.#runsOn.get(resourceKey, kind) !== undefined;
  }

  /** The latest operation on a resource before `seq` that has begun at all: what it meant to do may be done. */
  lastBegunOn(resourceKey: string, seq: number): StoredOperation | null {
    const row = this.#lastBegun.get(resourceKey, seq);
    return row === undefined ? null : fromRow(row);
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
