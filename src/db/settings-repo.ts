import type { ReadableDb } from './connection.ts';

/** Small facts that Longshore learns and keeps: JSON by name. */
export class SettingsRepo {
  readonly #get;
  readonly #put;

  constructor(db: ReadableDb) {
    this.#get = db.prepare<unknown[], { value: string }>('SELECT value FROM settings WHERE name = ?');
    this.#put = db.prepare<unknown[]>(
      'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
    );
  }

  get(name: string): unknown {
    const row = this.#get.get(name);
    return row === undefined ? null : (JSON.parse(row.value) as unknown);
  }

  set(name: string, value: unknown): void {
    this.#put.run(name, JSON.stringify(value));
  }
}
