import type { EpochMs } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';

export interface StoredFolder {
  readonly name: string;
  readonly root: string;
  /** The volume that the root was first seen on. */
  readonly volume: string | null;
  readonly lastScanAt: EpochMs | null;
  /** Present files; kept by triggers. */
  readonly files: number;
  readonly ignored: number;
}

const COLUMNS = 'name, root, volume, last_scan_at AS lastScanAt, files, ignored';

export class FoldersRepo {
  readonly #get;
  readonly #insert;
  readonly #move;
  readonly #scanned;
  readonly #volume;

  constructor(db: ReadableDb) {
    this.#get = db.prepare<unknown[], StoredFolder>(`SELECT ${COLUMNS} FROM folders WHERE name = ?`);
    this.#insert = db.prepare<unknown[]>('INSERT INTO folders (name, root) VALUES (?, ?) ON CONFLICT DO NOTHING');
    this.#move = db.prepare<unknown[]>('UPDATE folders SET root = ?, volume = NULL WHERE name = ? AND root <> ?');
    this.#scanned = db.prepare<unknown[]>('UPDATE folders SET last_scan_at = ?, ignored = ? WHERE name = ?');
    this.#volume = db.prepare<unknown[]>('UPDATE folders SET volume = ? WHERE name = ?');
  }

  /** Makes the folder known; a new root starts with a new volume. */
  ensure(name: string, root: string): StoredFolder {
    this.#insert.run(name, root);
    this.#move.run(root, name, root);
    const folder = this.get(name);
    if (folder === null) throw new Error(`folder ${name} can't be stored`);
    return folder;
  }

  get(name: string): StoredFolder | null {
    return this.#get.get(name) ?? null;
  }

  setScanned(name: string, at: EpochMs, ignored: number): void {
    this.#scanned.run(at, ignored, name);
  }

  setVolume(name: string, volume: string): void {
    this.#volume.run(volume, name);
  }
}
