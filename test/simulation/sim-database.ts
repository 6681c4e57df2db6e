import BetterSqlite, { type Database } from 'better-sqlite3';
import { openInMemory, type ReadableDb } from '../../src/db/connection.ts';
import type { Life } from './virtual-time.ts';

/** The engine dies here: thrown where it would write next, so that an open transaction is rolled back. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** What a dead engine gets when it still reaches for the database. */
export class DeadEngine extends Error {
  override readonly name = 'DeadEngine';
}

/** A prepared statement, as far as it is used here. */
export interface Statement {
  run(...values: unknown[]): { readonly changes: number };
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown;
  pluck(): Statement;
  raw(): Statement;
}

/** How rows come: as objects, as their first value, or as lists of values. */
type Shape = 'object' | 'pluck' | 'raw';

/** A connection with the statements that were prepared on it: that takes longer than many a short run. */
interface Connection {
  readonly db: Database;
  readonly statements: Map<string, Statement>;
}

/** Connections of runs that are over. */
const idle: Connection[] = [];

/**
 * The real schema in memory. It outlives the engines of a run; each sees it through a door that closes at its death. A
 * run takes place within one transaction, which is rolled back at its end for the next; the engine's own are savepoints
 * in it. No constraint of the schema is deferred, so that they fail as they would in transactions.
 */
export class SimDatabase {
  readonly db: Database;
  readonly #connection: Connection;
  /** Transactions of the engine that are open, one in the other. */
  #depth = 0;
  /** Dies at the write that makes it 0; null: lives on. */
  writesUntilCrash: number | null = null;
  /** No write succeeds: the disk under the database has no room. */
  full = false;
  /** Statements that changed something, so far. */
  writes = 0;
  readonly #onCrash: () => void;

  constructor(onCrash: () => void) {
    this.#connection = idle.pop() ?? { db: openInMemory(), statements: new Map() };
    this.db = this.#connection.db;
    this.db.exec('BEGIN IMMEDIATE');
    this.#onCrash = onCrash;
  }

  /** The database as one engine sees it. */
  open(life: Life): ReadableDb {
    const alive = () => {
      if (!life.alive) throw new DeadEngine('the engine is dead');
    };
    const transaction = (work: (...values: unknown[]) => unknown) => {
      const real = this.db.transaction(work);
      const immediate = (...values: unknown[]): unknown => {
        alive();
        this.#depth += 1;
        try {
          return real(...values);
        } catch (error) {
          // Rolled back by now, as the next start would find it.
          if (error instanceof Crash && this.#depth === 1 && life.alive) this.#onCrash();
          throw error;
        } finally {
          this.#depth -= 1;
        }
      };
      return Object.assign(immediate, { immediate });
    };
    const pragma = (...values: Parameters<Database['pragma']>): unknown => {
      alive();
      // A checkpoint is for a file; within a transaction there is none.
      return values[0].startsWith('wal_checkpoint') ? [{ busy: 0 }] : this.db.pragma(...values);
    };
    const door = { prepare: (sql: string) => this.#guard(sql, alive), transaction, pragma };
    return door as unknown as ReadableDb;
  }

  close(): void {
    this.db.exec('ROLLBACK');
    idle.push(this.#connection);
  }

  /** Prepared once for all runs on this connection. */
  prepare(sql: string, shape: Shape = 'object'): Statement {
    const { statements, db } = this.#connection;
    const name = shape === 'object' ? sql : `${sql} -- ${shape}`;
    const known = statements.get(name);
    if (known !== undefined) return known;
    const made: Statement = shape === 'object' ? db.prepare(sql) : db.prepare(sql)[shape]();
    statements.set(name, made);
    return made;
  }

  #guard(sql: string, alive: () => void, shape: Shape = 'object'): Statement {
    const real = this.prepare(sql, shape);
    const writes = /^\s*(?:INSERT|UPDATE|DELETE)\b/.test(sql);
    const beforeWrite = () => {
      alive();
      this.#mayCrash();
      if (this.full) throw new BetterSqlite.SqliteError('database or disk is full', 'SQLITE_FULL');
    };
    return {
      run: (...values) => {
        beforeWrite();
        const result = real.run(...values);
        if (result.changes > 0) this.writes += 1;
        return result;
      },
      get: (...values) => {
        alive();
        return real.get(...values);
      },
      // `RETURNING`: what was written comes as rows.
      all: (...values) => {
        if (writes) beforeWrite();
        else alive();
        const rows = real.all(...values) as unknown[];
        if (writes && rows.length > 0) this.writes += 1;
        return rows;
      },
      pluck: () => this.#guard(sql, alive, 'pluck'),
      raw: () => this.#guard(sql, alive, 'raw'),
    };
  }

  #mayCrash(): void {
    if (this.writesUntilCrash === null) return;
    this.writesUntilCrash -= 1;
    if (this.writesUntilCrash > 0) return;
    this.writesUntilCrash = null;
    if (this.#depth === 0) this.#onCrash();
    throw new Crash('the engine dies before this write');
  }
}
