import type { ReadableDb } from './connection.ts';

/** The mass-delete guard, beside each folder: operations up to this `seq` were allowed by a person. */
const allowedName = (folder: string): string => `deletes-allowed:${folder}`;

/** Deletes that were queued and have not ended, of which no person has said that they may go: they count like those that are due. */
export class QueuedDeletesRepo {
  readonly #count;
  readonly #sample;
  readonly #allow;
  readonly #allowed;

  constructor(db: ReadableDb) {
    const rest = 'lane = (SELECT :lane) AND seq > (SELECT :after)';
    this.#count = db
      .prepare<unknown[], number>(
        `SELECT (SELECT count(*) FROM operations INDEXED BY operations_ready WHERE state = 'pending' AND ${rest})
           + (SELECT count(*) FROM operations INDEXED BY operations_due WHERE state = 'waiting' AND ${rest})
           + (SELECT count(*) FROM operations INDEXED BY operations_by_state WHERE state = 'running' AND ${rest})`,
      )
      .pluck();
    this.#sample = db
      .prepare<unknown[], string>(
        `SELECT path FROM operations INDEXED BY operations_ready
         WHERE state = 'pending' AND ${rest} AND path IS NOT NULL LIMIT (SELECT :limit)`,
      )
      .pluck();
    this.#allow = db.prepare<unknown[]>(
      `INSERT INTO settings (name, value) VALUES (?, (SELECT coalesce(max(seq), 0) FROM operations))
       ON CONFLICT DO UPDATE SET value = excluded.value`,
    );
    this.#allowed = db.prepare<unknown[], string>('SELECT value FROM settings WHERE name = ?').pluck();
  }

  /** `lane`: that of the folder's deletes. */
  count(folder: string, lane: string): number {
    return this.#count.get({ lane, after: this.#allowedUntil(folder) }) ?? 0;
  }

  /** Paths of some of those that wait. */
  sample(folder: string, lane: string, limit: number): string[] {
    return this.#sample.all({ lane, after: this.#allowedUntil(folder), limit });
  }

  /** All that is queued by now may go. */
  allow(folder: string): void {
    this.#allow.run(allowedName(folder));
  }

  #allowedUntil(folder: string): number {
    return Number(this.#allowed.get(allowedName(folder)) ?? 0);
  }
}
