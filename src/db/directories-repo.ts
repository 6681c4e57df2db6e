import type { ReadableDb } from './connection.ts';

/**
 * What lets a scan pass over a directory: while it scans to the digest stored here, the inventory knows all that is in it
 * and there is nothing to do. The schema's triggers take a row away whenever the inventory of its directory changes.
 */
export class DirectoriesRepo {
  readonly #files;
  readonly #put;
  readonly #confirm;

  constructor(db: ReadableDb) {
    this.#files = db
      .prepare<unknown[], number>('SELECT files FROM directories WHERE folder = ? AND dir = ? AND digest = unhex(?)')
      .pluck();
    this.#put = db.prepare<unknown[]>(
      `INSERT INTO directories (folder, dir, digest, files) VALUES (?, ?, unhex(?), ?)
       ON CONFLICT DO UPDATE SET digest = excluded.digest, files = excluded.files`,
    );
    this.#confirm = db.prepare<unknown[]>(
      'UPDATE directories SET digest = unhex(:digest) WHERE folder = :folder AND dir = :dir AND digest = unhex(:token)',
    );
  }

  /** How many files the directory holds if it is known to scan to this digest (hex) and to want nothing; else null. */
  settledFiles(folder: string, dir: string, digest: string): number | null {
    return digest === '' ? null : (this.#files.get(folder, dir, digest) ?? null);
  }

  /** The inventory knows all that this digest (hex, not empty) stands for. In the transaction that made it so. */
  setSettled(folder: string, dir: string, digest: string, files: number): void {
    this.#put.run(folder, dir, digest, files);
  }

  /** Puts the digest in the place of a `token` that was set before the comparison began: nothing has changed since. */
  confirm(folder: string, dir: string, token: string, digest: string): void {
    this.#confirm.run({ folder, dir, token, digest });
  }
}
