import type { OperationKind } from '../core/operation.ts';
import type { EpochMs } from '../core/ports.ts';
import { STATES, type State } from '../core/states.ts';
import type { Statement } from 'better-sqlite3';
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

/** Rows of each state that one step of a search looks at: some milliseconds. */
const SEARCHED_ROWS = 500;

/** Whether rows are looked at that are not wanted: then a page is found in steps. */
export function isFiltered({ folder, kind, search }: QueueQuery): boolean {
  return folder !== undefined || kind !== undefined || (search !== undefined && search !== '');
}

function likePattern(search: string): string {
  return `%${search.replaceAll(/[\\%_]/g, (char) => `\\${char}`)}%`;
}

/** States of what is neither running nor over, and the index with which a lane's are found. */
const RESTING = [
  { state: 'pending', index: 'operations_ready' },
  { state: 'waiting', index: 'operations_due' },
  { state: 'conflict', index: 'operations_by_state' },
  { state: 'failed', index: 'operations_by_state' },
] as const satisfies readonly { state: State; index: string }[];

export interface EndedDownload {
  readonly seq: number;
  readonly id: string;
  readonly path: string;
}

export interface Cursor {
  readonly at: number;
  readonly seq: number;
}

/** The cursor of a page, or null when the text is none: the caller refuses it. */
export function parseCursor(text: string): Cursor | null {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(text);
  return match === null ? null : { at: Number(match[1]), seq: Number(match[2]) };
}

/** With which a page goes on behind this item. */
export function cursorBehind({ updatedAt, seq }: StoredOperation): string {
  return `${updatedAt}-${seq}`;
}

/** Reads the queue in pages. Each state is one ordered index walk; the few walks are merged: never the whole table. */
export class QueueQueries {
  readonly #newest;
  readonly #oldest;
  readonly #newestWithin;
  readonly #oldestWithin;
  readonly #newestBound;
  readonly #oldestBound;
  readonly #counts;
  readonly #laneCounts;
  readonly #inLane: ReadonlyMap<State, Statement<unknown[], OperationRow>>;
  readonly #failedIds;
  readonly #endedDownloads;

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
    // The rows that one step looks at come from the index alone; only they are read and compared. Sorted by `search`.
    this.#newestWithin = db.prepare<unknown[], OperationRow>(
      `SELECT o.* FROM (SELECT seq FROM operations WHERE state = :state AND (updated_at, seq) < (:at, :seq)
         ORDER BY updated_at DESC, seq DESC LIMIT :rows) AS looked CROSS JOIN operations AS o ON o.seq = looked.seq
       WHERE (o.updated_at, o.seq) >= (:toAt, :toSeq) ${FILTER}`,
    );
    this.#oldestWithin = db.prepare<unknown[], OperationRow>(
      `SELECT o.* FROM (SELECT seq FROM operations WHERE state = :state AND seq > :seq ORDER BY seq LIMIT :rows) AS looked
         CROSS JOIN operations AS o ON o.seq = looked.seq
       WHERE o.seq <= :toSeq ${FILTER}`,
    );
    this.#newestBound = db.prepare<unknown[], Cursor>(
      `SELECT updated_at AS at, seq FROM operations WHERE state = :state AND (updated_at, seq) < (:at, :seq)
       ORDER BY updated_at DESC, seq DESC LIMIT 1 OFFSET :rows - 1`,
    );
    this.#oldestBound = db.prepare<unknown[], Cursor>(
      'SELECT 0 AS at, seq FROM operations WHERE state = :state AND seq > :seq ORDER BY seq LIMIT 1 OFFSET :rows - 1',
    );
    this.#laneCounts = db.prepare<unknown[], { state: State }>(
      'SELECT state FROM counters WHERE lane = ? AND operations > 0',
    );
    this.#inLane = new Map(
      RESTING.map(({ state, index }) => [
        state,
        db.prepare<unknown[], OperationRow>(
          `SELECT * FROM operations INDEXED BY ${index} WHERE state = '${state}' AND lane = ? LIMIT ?`,
        ),
      ]),
    );
    this.#failedIds = db.prepare<unknown[], { seq: number; id: string; updated: number }>(
      `SELECT seq, id, updated_at AS updated FROM operations INDEXED BY operations_by_state
       WHERE state = 'failed' AND (updated_at, seq) > (:at, :seq) AND updated_at <= :until ORDER BY updated_at, seq LIMIT :limit`,
    );
    this.#endedDownloads = db.prepare<unknown[], EndedDownload>(
      `SELECT seq, id, path FROM operations INDEXED BY operations_ended_downloads
       WHERE kind = 'file.download' AND state IN ('cancelled', 'superseded') AND started_at IS NOT NULL
         AND folder = ? AND seq > ? ORDER BY seq LIMIT ?`,
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
    return { items, next: rows.length > query.limit && last !== undefined ? cursorBehind(last) : null };
  }

  counts(): StateCount[] {
    return this.#counts.all();
  }

  totals(): Record<State, number> {
    const totals = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<State, number>;
    for (const row of this.counts()) totals[row.state] += row.operations;
    return totals;
  }

  /**
   * A page of a query that leaves rows out, or what one step finds of it: however many rows are not wanted, no step looks at
   * more than `lookedRows` of each state. `next` goes on right behind what was looked at; null: that was all.
   */
  search(query: QueueQuery, lookedRows = SEARCHED_ROWS): QueuePage {
    const newest = query.order === 'newest';
    const start = newest ? { at: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER } : { at: 0, seq: 0 };
    const from = query.after === undefined ? start : (parseCursor(query.after) ?? start);
    const looked = { ...from, rows: lookedRows };
    const isNearer = (a: Cursor, b: Cursor) => (newest ? a.at - b.at || a.seq - b.seq : b.seq - a.seq) > 0;
    // What lies behind the nearest of the states' ends may still come before what that state has next.
    let end: Cursor | null = null;
    for (const state of query.states) {
      const bound = (newest ? this.#newestBound : this.#oldestBound).get({ state, ...looked });
      if (bound !== undefined && (end === null || isNearer(bound, end))) end = bound;
    }
    const to = end ?? (newest ? { at: 0, seq: 0 } : { at: 0, seq: Number.MAX_SAFE_INTEGER });
    const rows = query.states.flatMap((state) =>
      (newest ? this.#newestWithin : this.#oldestWithin).all({
        state,
        ...looked,
        toAt: to.at,
        toSeq: to.seq,
        folder: query.folder ?? null,
        kind: query.kind ?? null,
        search: query.search === undefined || query.search === '' ? null : likePattern(query.search),
      }),
    );
    rows.sort((a, b) => (newest ? b.updated_at - a.updated_at || b.seq - a.seq : a.seq - b.seq));
    const items = rows.slice(0, query.limit).map(fromRow);
    const last = items.at(-1);
    if (rows.length > query.limit && last !== undefined) return { items, next: cursorBehind(last) };
    return { items, next: end === null ? null : `${end.at}-${end.seq}` };
  }

  /** Up to `limit` operations of a lane that are neither running nor over. Whatever other lanes hold costs nothing. */
  restingInLane(lane: string, limit: number): StoredOperation[] {
    const found: StoredOperation[] = [];
    for (const { state } of this.#laneCounts.all(lane)) {
      if (found.length >= limit) break;
      found.push(...(this.#inLane.get(state)?.all(lane, limit - found.length) ?? []).map(fromRow));
    }
    return found;
  }

  /** Ids of what failed from `after` (not included) until then, in the order of their failing, up to `limit`. */
  failedIds(after: Cursor, until: EpochMs, limit: number): { readonly id: string; readonly cursor: Cursor }[] {
    return this.#failedIds
      .all({ ...after, until, limit })
      .map(({ id, updated, seq }) => ({ id, cursor: { at: updated, seq } }));
  }

  /** Downloads into this folder that began and came to nothing, after this `seq`, up to `limit`. */
  endedDownloads(folder: string, after: number, limit: number): readonly EndedDownload[] {
    return this.#endedDownloads.all(folder, after, limit);
  }
}
