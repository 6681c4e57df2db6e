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

interface Statement {
  run(...values: unknown[]): { readonly changes: number };
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown;
  pluck(): Statement;
}

let template: Buffer | null = null;

/** The real schema in memory. It outlives the engines of a run; each sees it through a door that closes at its death. */
export class SimDatabase {
  readonly db: Database;
  readonly #statements = new Map<string, Statement>();
  /** Dies at the write that makes it 0; null: lives on. */
  writesUntilCrash: number | null = null;
  /** No write succeeds: the disk under the database has no room. */
  full = false;
  /** Statements that changed something, so far. */
  writes = 0;
  readonly #onCrash: () => void;

  constructor(onCrash: () => void) {
    template ??= serialized();
    this.db = new BetterSqlite(template);
    this.db.pragma('foreign_keys = ON');
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
        try {
          return real.immediate(...values);
        } catch (error) {
          // Rolled back by now, as the next start would find it.
          if (error instanceof Crash && !this.db.inTransaction && life.alive) this.#onCrash();
          throw error;
        }
      };
      return Object.assign(immediate, { immediate });
    };
    const pragma = (...values: Parameters<Database['pragma']>): unknown => {
      alive();
      return this.db.pragma(...values);
    };
    const door = { prepare: (sql: string) => this.#guard(sql, alive), transaction, pragma };
    return door as unknown as ReadableDb;
  }

  close(): void {
    this.db.close();
  }

  #guard(sql: string, alive: () => void, plucked = false): Statement {
    const name = plucked ? `${sql} -- plucked` : sql;
    const known = this.#statements.get(name);
    const real: Statement = known ?? (plucked ? this.db.prepare(sql).pluck() : this.db.prepare(sql));
    this.#statements.set(name, real);
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
      all: (...values) => {
        alive();
        return real.all(...values);
      },
      pluck: () => this.#guard(sql, alive, true),
    };
  }

  #mayCrash(): void {
    if (this.writesUntilCrash === null) return;
    this.writesUntilCrash -= 1;
    if (this.writesUntilCrash > 0) return;
    this.writesUntilCrash = null;
    if (!this.db.inTransaction) this.#onCrash();
    throw new Crash('the engine dies before this write');
  }
}

function serialized(): Buffer {
  const db = openInMemory();
  const bytes = db.serialize();
  db.close();
  return bytes;
}
