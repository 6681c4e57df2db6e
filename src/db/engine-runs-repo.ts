import type { EpochMs } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';

/** Each start of an engine gets an epoch; leases of older epochs are reclaimed then, and only then. */
export class EngineRunsRepo {
  readonly #start;
  readonly #end;

  constructor(db: ReadableDb) {
    this.#start = db.prepare<unknown[]>('INSERT INTO engine_runs (pid, started_at) VALUES (?, ?)');
    this.#end = db.prepare<unknown[]>('UPDATE engine_runs SET ended_at = ? WHERE epoch = ?');
  }

  start(pid: number, now: EpochMs): number {
    return Number(this.#start.run(pid, now).lastInsertRowid);
  }

  end(epoch: number, now: EpochMs): void {
    this.#end.run(now, epoch);
  }
}
