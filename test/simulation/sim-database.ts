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
  run(...values: unknown[]): unknown;
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown;
}

let template: Buffer | null = null;

/** The real schema in memory. It outlives the engines of a run; each sees it through a door that closes at its death. */
export class SimDatabase {
  readonly db: Database;
  readonly #statements = new Map<string, Statement>();
  /** Dies at the write that makes it 0; null: lives on. */
  writesUntilCrash: number | null = null;
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
    const door = { prepare: (sql: string) => this.#guard(sql, alive), transaction };
    return door as unknown as ReadableDb;
  }

  close(): void {
    this.db.close();
  }

  #guard(sql: string, alive: () => void): Statement {
    const known = this.#statements.get(sql);
    const real = known ?? this.db.prepare(sql);
    this.#statements.set(sql, real);
    return {
      run: (...values) => {
        alive();
        this.#mayCrash();
        return real.run(...values);
      },
      get: (...values) => {
        alive();
        return real.get(...values);
      },
      all: (...values) => {
        alive();
        return real.all(...values);
      },
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
