import type { OperationKind } from '../core/operation.ts';
import type { EpochMs } from '../core/ports.ts';
import { STATES, type State } from '../core/states.ts';
import type { ReadableDb } from './connection.ts';
import { fromRow, type OperationRow, type StoredOperation } from './stored-operation.ts';

export interface QueueQuery {
  readonly states: readonly State[];
  readonly folder?: string;
  readonly kind?: OperationKind;
  readonly search?: string;
  /** By time of creation, or the latest change first. */
  readonly order: 'oldest' | 'newest';
  readonly after?: string;
  /** 1 to 1,000. */
  readonly limit: number;
}

export interface QueuePage {
  readonly items: readonly StoredOperation[];
  readonly next: string | null;
}

export interface StateCount {
  readonly lane: string;
  readonly state: State;
  readonly operations: number;
  readonly bytesTotal: number;
  readonly bytesDone: number;
}

const FILTER = `AND (:folder IS NULL OR folder = :folder) AND (:kind IS NULL OR kind = :kind)
  AND (:search IS NULL OR path LIKE :search ESCAPE '\\' OR target LIKE :search ESCAPE '\\')`;

function likePattern(search: string): string {
  return `%${search.replaceAll(/[\\%_]/g, (char) => `\\${char}`)}%`;
}

interface Cursor {
  readonly at: number;
  readonly seq: number;
}

/** The cursor of a page, or null when the text is none: the caller refuses it. */
export function parseCursor(text: string): Cursor | null {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(text);
  return match === null ? null : { at: Number(match[1]), seq: Number(match[2]) };
}

/** Reads the queue in pages. Each state is one ordered index walk; the few walks are merged: never the whole table. */
export class QueueQueries {
  readonly #newest;
  readonly #oldest;
  readonly #counts;
  readonly #failedBetween;

  constructor(db: ReadableDb) {
    this.#newest = db.prepare<unknown[], OperationRow>(
      `SELECT * FROM operations WHERE state = :state AND (updated_at, seq) < (:at, :seq) ${FILTER}
       ORDER BY updated_at DESC, seq DESC LIMIT :limit`,
    );
    this.#oldest = db.prepare<unknown[], OperationRow>(
      `SELECT * FROM operations WHERE state = :state AND seq > :seq ${FILTER} ORDER BY seq LIMIT :limit`,
    );
    this.#counts = db.prepare<unknown[], StateCount>(
      'SELECT lane, state, operations, bytes_total AS bytesTotal, bytes_done AS bytesDone FROM counters WHERE operations > 0',
    );
    this.#failedBetween = db.prepare<unknown[], OperationRow>(
      "SELECT * FROM operations WHERE state = 'failed' AND updated_at >= ? AND updated_at <= ? ORDER BY seq LIMIT ?",
    );
  }

  page(query: QueueQuery): QueuePage {
    const newest = query.order === 'newest';
    const start = newest ? { at: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER } : { at: 0, seq: 0 };
    const cursor = query.after === undefined ? start : (parseCursor(query.after) ?? start);
    const statement = newest ? this.#newest : this.#oldest;
    const rows = query.states.flatMap((state) =>
      statement.all({
        state,
        ...cursor,
        folder: query.folder ?? null,
        kind: query.kind ?? null,
        search: query.search === undefined || query.search === '' ? null : likePattern(query.search),
        limit: query.limit + 1,
      }),
    );
    rows.sort((a, b) => (newest ? b.updated_at - a.updated_at || b.seq - a.seq : a.seq - b.seq));
    const items = rows.slice(0, query.limit).map(fromRow);
    const last = items.at(-1);
    return { items, next: rows.length > query.limit && last !== undefined ? `${last.updatedAt}-${last.seq}` : null };
  }

  counts(): StateCount[] {
    return this.#counts.all();
  }

  totals(): Record<State, number> {
    const totals = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<State, number>;
    for (const row of this.counts()) totals[row.state] += row.operations;
    return totals;
  }

  failedBetween(since: EpochMs, until: EpochMs, limit: number): StoredOperation[] {
    return this.#failedBetween.all(since, until, limit).map(fromRow);
  }
}
