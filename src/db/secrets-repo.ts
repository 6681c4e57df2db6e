import type { EpochMs } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';
import type { Sealer } from './seal.ts';

/** Secrets by name; only sealed values touch the disk (P12). */
export class SecretsRepo {
  readonly #sealer: Sealer;
  readonly #put;
  readonly #get;
  readonly #names;
  readonly #remove;

  constructor(db: ReadableDb, sealer: Sealer) {
    this.#sealer = sealer;
    this.#put = db.prepare<unknown[]>(
      'INSERT INTO secrets (name, sealed, updated_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at',
    );
    this.#get = db.prepare<unknown[], { sealed: Uint8Array }>('SELECT sealed FROM secrets WHERE name = ?');
    this.#names = db.prepare<unknown[], { name: string }>('SELECT name FROM secrets ORDER BY name');
    this.#remove = db.prepare<unknown[]>('DELETE FROM secrets WHERE name = ?');
  }

  set(name: string, value: string, now: EpochMs): void {
    this.#put.run(name, this.#sealer.seal(value, `secret:${name}`), now);
  }

  get(name: string): string | null {
    const row = this.#get.get(name);
    return row === undefined ? null : this.#sealer.open(row.sealed, `secret:${name}`);
  }

  names(): string[] {
    return this.#names.all().map((row) => row.name);
  }

  remove(name: string): boolean {
    return this.#remove.run(name).changes > 0;
  }
}
