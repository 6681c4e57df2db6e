import type { Database } from 'better-sqlite3';

export interface OperationFacts {
  readonly seq: number;
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly lane: string;
  readonly folder: string | null;
  readonly path: string | null;
  readonly target: string;
  readonly heldUntil: number;
  readonly errorCode: string | null;
  readonly createdAt: number;
}

export interface EventFacts {
  readonly seq: number;
  readonly operation: string | null;
  readonly type: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly at: number;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface FileFacts {
  readonly folder: string;
  readonly dir: string;
  readonly name: string;
  readonly key: string;
  readonly fingerprint: string | null;
  readonly base: string | null;
  readonly operation: string | null;
}

const OPERATION = `o.seq, o.id, o.kind, o.state, o.lane, o.folder, o.path, o.target, o.held_until AS heldUntil,
  json_extract(o.error, '$.code') AS errorCode, o.created_at AS createdAt`;

/** The outbox as the checkers read it: by their own SQL, beside the code under test. */
export class OutboxView {
  readonly #db: Database;
  readonly #prepared = new Map<string, ReturnType<Database['prepare']>>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** What runs on a resource. */
  activeOn(resourceKey: string): OperationFacts | null {
    return this.#one<OperationFacts>(
      `SELECT ${OPERATION} FROM operation_keys k JOIN operations o ON o.seq = k.operation_seq
       WHERE k.resource_key = ? AND k.active = 1`,
      resourceKey,
    );
  }

  /** An older operation that still has its place on one of the resources of this one. */
  olderOn(seq: number): OperationFacts | null {
    return this.#one<OperationFacts>(
      `SELECT ${OPERATION} FROM operation_keys mine JOIN operation_keys other ON other.resource_key = mine.resource_key
       JOIN operations o ON o.seq = other.operation_seq
       WHERE mine.operation_seq = ? AND other.operation_seq < mine.operation_seq
         AND o.state IN ('pending','running','waiting','conflict','compensating')`,
      seq,
    );
  }

  /** An older operation on one of its resources is in conflict: until somebody decides, this one waits. */
  waitsForDecision(seq: number): boolean {
    return (
      this.#one(
        `SELECT 1 AS yes FROM operation_keys mine JOIN operation_keys other ON other.resource_key = mine.resource_key
         JOIN operations o ON o.seq = other.operation_seq
         WHERE mine.operation_seq = ? AND other.operation_seq < mine.operation_seq AND o.state = 'conflict'`,
        seq,
      ) !== null
    );
  }

  byId(id: string): OperationFacts | null {
    return this.#one<OperationFacts>(`SELECT ${OPERATION} FROM operations o WHERE o.id = ?`, id);
  }

  inStates(...states: readonly string[]): OperationFacts[] {
    return this.#all<OperationFacts>(
      `SELECT ${OPERATION} FROM operations o WHERE o.state IN (SELECT value FROM json_each(?)) ORDER BY o.seq`,
      JSON.stringify(states),
    );
  }

  /** All operations on the file of this one. */
  onSameFile(operation: OperationFacts): string[] {
    return this.#all<{ id: string }>(
      'SELECT id FROM operations WHERE folder IS ? AND path IS ? ORDER BY seq',
      operation.folder,
      operation.path,
    ).map((row) => row.id);
  }

  eventsOf(operation: string): EventFacts[] {
    const rows = this.#all<Omit<EventFacts, 'details'> & { details: string }>(
      `SELECT seq, operation, type, from_state AS "from", to_state AS "to", at, details FROM events WHERE operation = ? ORDER BY seq`,
      operation,
    );
    return rows.map(({ details, ...row }) =>
      Object.assign(row, { details: JSON.parse(details) as Record<string, unknown> }),
    );
  }

  /** How often each step of the lifecycle was taken. */
  transitions(): {
    readonly type: string;
    readonly from: string | null;
    readonly to: string | null;
    readonly n: number;
  }[] {
    return this.#all(
      'SELECT type, from_state AS "from", to_state AS "to", count(*) AS n FROM events WHERE to_state IS NOT NULL GROUP BY 1, 2, 3',
    );
  }

  results(): { readonly result: string; readonly n: number }[] {
    return this.#all(
      `SELECT coalesce(json_extract(details, '$.result'), json_extract(details, '$.code')) AS result, count(*) AS n FROM events
       WHERE json_extract(details, '$.result') IS NOT NULL OR json_extract(details, '$.code') IS NOT NULL GROUP BY 1`,
    );
  }

  file(folder: string, dir: string, name: string): FileFacts | null {
    return this.#one<FileFacts>(
      `SELECT folder, dir, name, key, fingerprint, json_extract(base, '$.etag') AS base, operation FROM files
       WHERE folder = ? AND dir = ? AND name = ?`,
      folder,
      dir,
      name,
    );
  }

  /** Whether the inventory has this version as what it last knew of the key. */
  hasBase(key: string, etag: string): boolean {
    return (
      this.#one("SELECT 1 AS yes FROM files WHERE key = ? AND json_extract(base, '$.etag') = ?", key, etag) !== null
    );
  }

  /** Uploads that an operation owns; without an id it is one on that key. */
  ownedUploads(): { readonly key: string; readonly uploadId: string | null; readonly state: string }[] {
    return this.#all(
      'SELECT u.key, u.upload_id AS uploadId, o.state FROM uploads u JOIN operations o ON o.id = u.operation',
    );
  }

  hasPart(uploadId: string, number: number): boolean {
    return (
      this.#one(
        'SELECT 1 AS yes FROM uploads u JOIN parts p ON p.operation = u.operation WHERE u.upload_id = ? AND p.number = ?',
        uploadId,
        number,
      ) !== null
    );
  }

  cleanups(): { readonly key: string; readonly uploadId: string | null; readonly dueAt: number }[] {
    return this.#all('SELECT key, upload_id AS uploadId, due_at AS dueAt FROM cleanups');
  }

  pauses(): { readonly scope: string; readonly until: number }[] {
    return this.#all('SELECT scope, until FROM pauses');
  }

  lastEvent(): number {
    return this.#one<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM events')?.seq ?? 0;
  }

  #one<T>(sql: string, ...values: readonly unknown[]): T | null {
    return (this.#prepare(sql).get(...values) as T | undefined) ?? null;
  }

  #all<T>(sql: string, ...values: readonly unknown[]): T[] {
    return this.#prepare(sql).all(...values) as T[];
  }

  #prepare(sql: string) {
    const known = this.#prepared.get(sql) ?? this.#db.prepare(sql);
    this.#prepared.set(sql, known);
    return known;
  }
}
