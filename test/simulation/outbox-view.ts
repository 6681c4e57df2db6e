import type { Statement } from './sim-database.ts';

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
  /** Of a move: where the file stood before. */
  readonly fromPath: string | null;
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
  /** Our own delete of it was sent, and may have had its effect. */
  readonly leaving: number | null;
  /** Of a file that is gone: its object is to follow. */
  readonly deleteRemote: number;
  /** When it was found gone, by the clock of the machine; null: it is here. */
  readonly goneAt: number | null;
  readonly operation: string | null;
}

const OPERATION = `o.seq, o.id, o.kind, o.state, o.lane, o.folder, o.path, o.target, o.held_until AS heldUntil,
  json_extract(o.error, '$.code') AS errorCode, iif(o.kind = 'file.move', json_extract(o.spec, '$.fromPath'), NULL) AS fromPath, o.created_at AS createdAt`;

/**
 * The outbox as the checkers read it: by their own SQL, beside the code under test. The values of what they ask at every
 * request stand as `(SELECT ?)`: SQLite plans some queries with bare parameters anew at each run, which is most of their time.
 */
export class OutboxView {
  readonly #prepare: (sql: string) => Statement;

  constructor(prepare: (sql: string) => Statement) {
    this.#prepare = prepare;
  }

  /** What runs on a resource. */
  activeOn(resourceKey: string): OperationFacts | null {
    return this.#one<OperationFacts>(
      `SELECT ${OPERATION} FROM operation_keys k JOIN operations o ON o.seq = k.operation_seq
       WHERE k.resource_key = (SELECT ?) AND k.active = 1`,
      resourceKey,
    );
  }

  /** The download that runs on a file. */
  runningDownload(folder: string, path: string): OperationFacts | null {
    return this.#one<OperationFacts>(
      `SELECT ${OPERATION} FROM operations o WHERE o.kind = 'file.download' AND o.state = 'running'
       AND o.folder = ? AND o.path = ?`,
      folder,
      path,
    );
  }

  /** What is to be done with this file after its upload is, though nobody could tell that its bytes have arrived. */
  isTakenUnverified(folder: string, path: string): boolean {
    return (
      this.#one(
        `SELECT 1 AS yes FROM after_uploads a JOIN operations o ON o.id = a.operation WHERE a.folder = ? AND a.path = ?
         AND o.verified IS NOT 1 AND NOT EXISTS (SELECT 1 FROM events e WHERE e.operation = o.id
           AND json_extract(e.details, '$.verified'))`,
        folder,
        path,
      ) !== null
    );
  }

  /** Operations that were told to end while they ran, did not, and began once more. */
  begunAfterTheirEnd(): { readonly id: string; readonly told: string }[] {
    return this.#all(
      `SELECT DISTINCT o.id, told.type AS told FROM events told JOIN operations o ON o.seq = told.operation_seq
       JOIN events begun ON begun.operation_seq = told.operation_seq AND begun.seq > told.seq AND begun.type = 'started'
       WHERE told.type IN ('cancelling','superseding') AND NOT EXISTS (SELECT 1 FROM events asked
         WHERE asked.operation_seq = told.operation_seq AND asked.seq BETWEEN told.seq AND begun.seq
           AND asked.type IN ('retried','requeued'))`,
    );
  }

  /** *Keep remote* was decided of a file that others had deleted: ours goes to the trash. */
  isDiscarded(folder: string, path: string): boolean {
    return (
      this.#one(
        `SELECT 1 AS yes FROM operations o JOIN events e ON e.operation = o.id WHERE o.folder = ? AND o.path = ?
         AND e.type = 'resolved' AND json_extract(e.details, '$.discards')`,
        folder,
        path,
      ) !== null
    );
  }

  /** Another operation on the key has met this version there, and said so: a file stands for it since. */
  isTakenUp(key: string, etag: string, writtenBy: string): boolean {
    return (
      this.#one(
        `SELECT 1 AS yes FROM operations o JOIN events e ON e.operation = o.id WHERE o.target = ? AND o.id <> ?
         AND e.to_state = 'succeeded' AND json_extract(e.details, '$.etag') = ?`,
        key,
        writtenBy,
        etag,
      ) !== null
    );
  }

  /** The service had at this key what we had: adopted, by whichever name of the file. */
  identicalAt(key: string, etag: string): boolean {
    return (
      this.#one(
        `SELECT 1 AS yes FROM operations o JOIN events e ON e.operation = o.id WHERE o.target = ?
         AND json_extract(e.details, '$.result') = 'identical' AND json_extract(e.details, '$.etag') = ?`,
        key,
        etag,
      ) !== null
    );
  }

  /** Whether this version was brought into a folder. */
  downloaded(key: string, etag: string): boolean {
    return (
      this.#one(
        `SELECT 1 AS yes FROM operations WHERE kind = 'file.download' AND state = 'succeeded'
         AND json_extract(spec, '$.key') = ? AND json_extract(spec, '$.etag') = ?`,
        key,
        etag,
      ) !== null
    );
  }

  /** A person asked for an older version when this was the current one (null: none was). */
  restoredOver(key: string, etag: string | null): boolean {
    return (
      this.#one(
        `SELECT 1 AS yes FROM operations WHERE kind = 'file.download' AND json_type(spec, '$.over') IS NOT NULL
         AND json_extract(spec, '$.key') = ? AND json_extract(spec, '$.over.etag') IS ?`,
        key,
        etag,
      ) !== null
    );
  }

  /** What this operation put at another key than its file's was brought into the folder under that name. */
  restoredBeside({ target, folder, path }: OperationFacts): boolean {
    return (
      this.#one(
        `SELECT 1 AS yes FROM operations WHERE kind = 'file.download' AND target = ? AND folder = ? AND path <> ?
         AND (state = 'succeeded' OR state = 'superseded' AND started_at IS NOT NULL)`,
        target,
        folder,
        path,
      ) !== null
    );
  }

  /** The latest operation that may take the object at a key away. */
  deleterOf(resourceKey: string, key: string): OperationFacts | null {
    return this.#one<OperationFacts>(
      `SELECT ${OPERATION} FROM operation_keys k JOIN operations o ON o.seq = k.operation_seq
       WHERE k.resource_key = (SELECT ?) AND (o.kind = 'file.delete'
         OR o.kind = 'file.move' AND json_extract(o.spec, '$.fromKey') = ? AND json_extract(o.spec, '$.deleteSource'))
       ORDER BY o.seq DESC LIMIT 1`,
      resourceKey,
      key,
    );
  }

  /** An older operation that still has its place on one of the resources of this one. */
  olderOn(seq: number): OperationFacts | null {
    return this.#one<OperationFacts>(
      `SELECT ${OPERATION} FROM operation_keys mine JOIN operation_keys other ON other.resource_key = mine.resource_key
       JOIN operations o ON o.seq = other.operation_seq
       WHERE mine.operation_seq = (SELECT ?) AND other.operation_seq < mine.operation_seq
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
         WHERE mine.operation_seq = (SELECT ?) AND other.operation_seq < mine.operation_seq AND o.state = 'conflict'`,
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

  /** All operations about which a conflict at this key was decided. */
  decidedAt(key: string): string[] {
    return this.#all<{ id: string }>(
      "SELECT DISTINCT operation AS id FROM events WHERE type = 'resolved' AND json_extract(details, '$.key') = ?",
      key,
    ).map(({ id }) => id);
  }

  /** All operations on the file of this one. */
  onSameFile(operation: OperationFacts): string[] {
    return this.#all<{ id: string }>(
      'SELECT id FROM operations WHERE folder IS ? AND path IN (?, ?) ORDER BY seq',
      operation.folder,
      operation.path,
      operation.fromPath ?? operation.path,
    ).map((row) => row.id);
  }

  eventsOf(operation: string): EventFacts[] {
    const rows = this.#all<Omit<EventFacts, 'details'> & { details: string }>(
      `SELECT seq, operation, type, from_state AS "from", to_state AS "to", at, details FROM events
       WHERE operation_seq = (SELECT seq FROM operations WHERE id = ?) ORDER BY seq`,
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

  /** Items about which a conflict was decided. */
  decided(): string[] {
    return this.#all<{ id: string }>(
      "SELECT DISTINCT operation AS id FROM events WHERE type = 'resolved' AND operation IS NOT NULL ORDER BY 1",
    ).map(({ id }) => id);
  }

  /** The operation brings an older version back: a person undid a decision. */
  isUndoing(id: string): boolean {
    return (
      this.#one("SELECT 1 AS yes FROM operations WHERE id = ? AND json_extract(spec, '$.restores') IS NOT NULL", id) !==
      null
    );
  }

  ends(): { readonly kind: string; readonly state: string; readonly n: number }[] {
    return this.#all('SELECT kind, state, count(*) AS n FROM operations GROUP BY 1, 2');
  }

  file(folder: string, dir: string, name: string): FileFacts | null {
    return this.#one<FileFacts>(
      `SELECT folder, dir, name, key, fingerprint, json_extract(base, '$.etag') AS base,
         json_extract(base, '$.leaving') AS leaving, delete_remote AS deleteRemote, gone_at AS goneAt, operation FROM files
       WHERE folder = ? AND dir = ? AND name = ?`,
      folder,
      dir,
      name,
    );
  }

  fileAt(folder: string, path: string): FileFacts | null {
    const slash = path.lastIndexOf('/');
    return this.file(folder, slash < 0 ? '' : path.slice(0, slash), path.slice(slash + 1));
  }

  presentFiles(folder: string): number {
    const sql = 'SELECT count(*) AS n FROM files WHERE folder = ? AND fingerprint IS NOT NULL';
    return this.#one<{ n: number }>(sql, folder)?.n ?? 0;
  }

  /** Operations made after this one. */
  madeAfter(seq: number): { readonly seq: number; readonly id: string }[] {
    return this.#all('SELECT seq, id FROM operations WHERE seq > ? ORDER BY seq', seq);
  }

  /** The operation that was made last on a resource. */
  latestOn(resourceKey: string): OperationFacts | null {
    return this.#one<OperationFacts>(
      `SELECT ${OPERATION} FROM operation_keys k JOIN operations o ON o.seq = k.operation_seq
       WHERE k.resource_key = (SELECT ?) ORDER BY o.seq DESC LIMIT 1`,
      resourceKey,
    );
  }

  /** The operation that was made last to change a resource; a move out of it was made to change another. */
  latestChangeOf(resourceKey: string): OperationFacts | null {
    return this.#one<OperationFacts>(
      `SELECT ${OPERATION} FROM operation_keys k JOIN operations o ON o.seq = k.operation_seq
       WHERE k.resource_key = (SELECT ?) AND o.resource_key = k.resource_key ORDER BY o.seq DESC LIMIT 1`,
      resourceKey,
    );
  }

  /** A mirror without a marker follows no deletes. */
  hasMarker(folder: string): boolean {
    return this.#one('SELECT 1 AS yes FROM folders WHERE name = ? AND marker IS NOT NULL', folder) !== null;
  }

  guardOf(folder: string): string | null {
    const open = "SELECT guard FROM folders WHERE name = ? AND json_extract(guard, '$.allowedAt') IS NULL";
    return this.#one<{ guard: string | null }>(open, folder)?.guard ?? null;
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
        'SELECT 1 AS yes FROM uploads u JOIN parts p ON p.operation = u.operation WHERE u.upload_id = (SELECT ?) AND p.number = (SELECT ?)',
        uploadId,
        number,
      ) !== null
    );
  }

  hasDeleteCleanup(key: string): boolean {
    return this.#one("SELECT 1 AS yes FROM cleanups WHERE kind = 'delete-object' AND key = ?", key) !== null;
  }

  cleanups(): {
    readonly place: string | null;
    readonly key: string;
    readonly uploadId: string | null;
    readonly dueAt: number;
  }[] {
    return this.#all('SELECT place, key, upload_id AS uploadId, due_at AS dueAt FROM cleanups');
  }

  /** What a probe has left, or may have, is to be taken away once that is possible. */
  remembersProbe(key: string): boolean {
    return (
      this.#one(
        `SELECT 1 AS yes FROM settings s, json_each(s.value) intent WHERE s.name LIKE 'capabilities-probes:%'
         AND ? LIKE json_extract(intent.value, '$.key') || '%'`,
        key,
      ) !== null
    );
  }

  /** Folders with files that are still to be put away. */
  foldersWithWishes(): string[] {
    return this.#all<{ folder: string }>('SELECT DISTINCT folder FROM after_uploads').map(({ folder }) => folder);
  }

  pauses(): { readonly scope: string; readonly until: number }[] {
    return this.#all('SELECT scope, until FROM pauses');
  }

  /** Of an operation's history; what the janitor and the probes note is no work. */
  lastEvent(): number {
    return (
      this.#one<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM events WHERE operation IS NOT NULL')?.seq ??
      0
    );
  }

  #one<T>(sql: string, ...values: readonly unknown[]): T | null {
    return (this.#prepare(sql).get(...values) as T | undefined) ?? null;
  }

  #all<T>(sql: string, ...values: readonly unknown[]): T[] {
    return this.#prepare(sql).all(...values) as T[];
  }
}
