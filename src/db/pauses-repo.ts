import type { EpochMs } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';

/** `all`, `folder:NAME` or `provider:NAME`. A single item keeps its own pause in its row. */
export type PauseScope = string;

export interface StoredPause {
  readonly scope: PauseScope;
  /** FOREVER when only a resume ends it. */
  readonly until: EpochMs;
}

/** Pauses survive a restart (P9). */
export class PausesRepo {
  readonly #put;
  readonly #remove;
  readonly #all;
  readonly #expire;

  constructor(db: ReadableDb) {
    this.#put = db.prepare<unknown[]>(
      'INSERT INTO pauses (scope, until) VALUES (?, ?) ON CONFLICT DO UPDATE SET until = excluded.until',
    );
    this.#remove = db.prepare<unknown[]>('DELETE FROM pauses WHERE scope = ?');
    this.#all = db.prepare<unknown[], StoredPause>('SELECT scope, until FROM pauses ORDER BY scope');
    this.#expire = db.prepare<unknown[]>('DELETE FROM pauses WHERE until <= ?');
  }

  set(scope: PauseScope, until: EpochMs): void {
    this.#put.run(scope, until);
  }

  remove(scope: PauseScope): boolean {
    return this.#remove.run(scope).changes > 0;
  }

  all(): StoredPause[] {
    return this.#all.all();
  }

  /** Ends the pauses whose time has come; true when there were any. */
  expire(now: EpochMs): boolean {
    return this.#expire.run(now).changes > 0;
  }
}
