import type { EventType } from '../core/event-types.ts';
import { newUuid } from '../core/ids.ts';
import type { Clock, EpochMs, Random } from '../core/ports.ts';
import type { State } from '../core/states.ts';
import { BulkInsert } from './bulk-insert.ts';
import type { ReadableDb } from './connection.ts';

/** Something that happened, never changed afterwards. */
export interface StoredEvent {
  readonly seq: number;
  readonly id: string;
  readonly operationId: string | null;
  readonly resourceKey: string | null;
  readonly type: EventType;
  readonly from: State | null;
  readonly to: State | null;
  readonly at: EpochMs;
  readonly source: 'internal' | 'external';
  readonly correlationId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export type NewEvent = Pick<StoredEvent, 'type' | 'operationId' | 'resourceKey' | 'from' | 'to' | 'details'> & {
  readonly source?: StoredEvent['source'];
  /** The number of the operation, where the caller has it at hand: it need not be looked up then. */
  readonly operationSeq?: number;
};

interface EventRow {
  readonly seq: number;
  readonly id: string;
  readonly operation: string | null;
  readonly resource_key: string | null;
  readonly type: string;
  readonly from_state: string | null;
  readonly to_state: string | null;
  readonly at: number;
  readonly source: string;
  readonly correlation_id: string | null;
  readonly details: string;
}

function fromRow(row: EventRow): StoredEvent {
  return {
    seq: row.seq,
    id: row.id,
    operationId: row.operation,
    resourceKey: row.resource_key,
    type: row.type as EventType,
    from: row.from_state as State | null,
    to: row.to_state as State | null,
    at: row.at,
    source: row.source as StoredEvent['source'],
    // What belongs to one operation alone need not say so twice.
    correlationId: row.correlation_id ?? row.operation,
    details: JSON.parse(row.details) as Record<string, unknown>,
  };
}

const COLUMNS = [
  'id',
  'operation',
  'resource_key',
  'type',
  'from_state',
  'to_state',
  'at',
  'source',
  'details',
  'operation_seq',
] as const;

export interface EventQuery {
  readonly afterSeq?: number;
  readonly since?: EpochMs;
  readonly operationId?: string;
  /** Not beyond this one; only where no operation is named. */
  readonly throughSeq?: number;
  /** 1 to 1,000. */
  readonly limit: number;
}

/** The event log: appended in the transaction of what it tells of. */
export class EventsRepo {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #insert;
  readonly #seqOf;
  readonly #page;
  readonly #pageOfOperation;
  readonly #latestOfOperation;
  readonly #firstSeq;
  readonly #lastSeq;

  constructor(db: ReadableDb, clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#insert = new BulkInsert(db, 'events', COLUMNS);
    this.#seqOf = db.prepare<unknown[], number>('SELECT seq FROM operations WHERE id = ?').pluck();
    this.#page = db.prepare<unknown[], EventRow>(
      'SELECT * FROM events WHERE seq > :afterSeq AND seq <= :throughSeq AND at >= :since ORDER BY seq LIMIT :limit',
    );
    // A statement of its own: one that serves both would walk the whole log for the history of one item.
    this.#pageOfOperation = db.prepare<unknown[], EventRow>(
      'SELECT * FROM events WHERE operation_seq = :operationSeq AND seq > :afterSeq AND at >= :since ORDER BY seq LIMIT :limit',
    );
    this.#latestOfOperation = db.prepare<unknown[], EventRow>(
      'SELECT * FROM events WHERE operation_seq = ? ORDER BY seq DESC LIMIT ?',
    );
    this.#firstSeq = db.prepare<unknown[], { seq: number }>('SELECT coalesce(min(seq), 0) AS seq FROM events');
    this.#lastSeq = db.prepare<unknown[], { seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM events');
  }

  append(event: NewEvent): void {
    this.appendAll([event]);
  }

  /** In this order. */
  appendAll(events: readonly NewEvent[]): void {
    this.#insert.run(
      events.map((event) => [
        newUuid(this.#clock, this.#random),
        event.operationId,
        event.resourceKey,
        event.type,
        event.from,
        event.to,
        this.#clock.now(),
        event.source ?? 'internal',
        JSON.stringify(event.details),
        event.operationSeq ?? this.#operationSeq(event.operationId),
      ]),
    );
  }

  list(query: EventQuery): StoredEvent[] {
    const { afterSeq = 0, throughSeq = Number.MAX_SAFE_INTEGER, since = 0, operationId, limit } = query;
    const rows =
      operationId === undefined
        ? this.#page.all({ afterSeq, throughSeq, since, limit })
        : this.#pageOfOperation.all({ operationSeq: this.#operationSeq(operationId), afterSeq, since, limit });
    return rows.map(fromRow);
  }

  /** The last events of an operation, oldest first. */
  latestOf(operationId: string, limit: number): StoredEvent[] {
    return this.#latestOfOperation.all(this.#operationSeq(operationId), limit).map(fromRow).toReversed();
  }

  /** Null where there is none, or no longer: its history went with it. */
  #operationSeq(operationId: string | null): number | null {
    return operationId === null ? null : (this.#seqOf.get(operationId) ?? null);
  }

  firstSeq(): number {
    return this.#firstSeq.get()?.seq ?? 0;
  }

  lastSeq(): number {
    return this.#lastSeq.get()?.seq ?? 0;
  }
}
