import BetterSqlite, { type Database, type Statement } from 'better-sqlite3';
import type { NewOperation } from '../../src/db/new-operation.ts';

/**
 * The least that better-sqlite3 takes for the same rows, equally durable: one table, one partial index; no order per
 * resource, history, counters, constraints or fencing.
 */
export class BareOutbox {
  readonly #db: Database;
  readonly #insert: Statement<unknown[]>;
  readonly #pending: Statement<unknown[], { seq: number }>;
  readonly #setState: Statement<unknown[]>;
  readonly #batch: number;

  constructor(file: string, batch: number) {
    this.#batch = batch;
    this.#db = new BetterSqlite(file);
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = FULL');
    this.#db.pragma('wal_autocheckpoint = 4096');
    this.#db
      .exec(`CREATE TABLE operations (seq INTEGER PRIMARY KEY, id TEXT, kind TEXT, state TEXT, lane TEXT, folder TEXT,
      path TEXT, destination TEXT, target TEXT, resource_key TEXT, spec TEXT, content_type TEXT, bytes_total INTEGER,
      created_at INTEGER);
      CREATE INDEX ready ON operations (lane, seq) WHERE state = 'pending';`);
    this.#insert = this.#db.prepare(
      `INSERT INTO operations (id, kind, state, lane, folder, path, destination, target, resource_key, spec, content_type,
       bytes_total, created_at) VALUES (?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#pending = this.#db.prepare(
      "SELECT * FROM operations WHERE state = 'pending' AND lane = ? ORDER BY seq LIMIT ?",
    );
    this.#setState = this.#db.prepare('UPDATE operations SET state = ? WHERE seq = ?');
  }

  enqueue(operations: readonly NewOperation[]): void {
    this.#db.transaction(() => {
      for (const made of operations) {
        const { id, kind, lane, folder, path, destination, target, resourceKeys, spec, contentType, bytesTotal } = made;
        const facts = [id, kind, lane, folder, path, destination, target, resourceKeys[0], JSON.stringify(spec)];
        this.#insert.run(...facts, contentType, bytesTotal, Date.now());
      }
    })();
  }

  claimAndComplete(): number {
    const taken = this.#db.transaction(() => {
      const rows = this.#pending.all('folder:bench', this.#batch);
      for (const { seq } of rows) this.#setState.run('running', seq);
      return rows;
    })();
    this.#db.transaction(() => {
      for (const { seq } of taken) this.#setState.run('succeeded', seq);
    })();
    return taken.length;
  }

  close(): void {
    this.#db.close();
  }
}
