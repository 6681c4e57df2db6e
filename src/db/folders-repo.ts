import type { EpochMs } from '../core/ports.ts';
import type { ReadableDb } from './connection.ts';
import { jsonColumn, parseColumn } from './stored-operation.ts';

export interface StoredFolder {
  readonly name: string;
  readonly root: string;
  /** The volume that the root was first seen on. */
  readonly volume: string | null;
  readonly lastScanAt: EpochMs | null;
  /** Present files; kept by triggers. */
  readonly files: number;
  readonly ignored: number;
  /** What stands in the root's marker file; null before the first healthy scan in mirror mode. */
  readonly marker: string | null;
  /** The mass delete that waits for a person. */
  readonly guard: StoredGuard | null;
  /** Where in the storage the inventory says that the files are; null before the first start. */
  readonly place: string | null;
  /** Operations up to this number were made for another place. */
  readonly placeSince: number;
}

/** More deletes at once than a person may have meant: none follows before somebody decides. */
export interface StoredGuard {
  /** Files that are gone and whose objects would follow. */
  readonly count: number;
  /** Files that the folder had, these included. */
  readonly of: number;
  readonly since: EpochMs;
  /** Some of the paths. */
  readonly sample: readonly string[];
  /** A person said that what was gone at that time may follow. */
  readonly allowedAt: EpochMs | null;
}

interface FolderRow extends Omit<StoredFolder, 'guard'> {
  readonly guard: string | null;
}

const COLUMNS =
  'name, root, volume, last_scan_at AS lastScanAt, files, ignored, marker, guard, place, place_since AS placeSince';

export class FoldersRepo {
  readonly #get;
  readonly #roots;
  readonly #insert;
  readonly #move;
  readonly #scanned;
  readonly #volume;
  readonly #marker;
  readonly #guard;
  readonly #place;

  constructor(db: ReadableDb) {
    this.#get = db.prepare<unknown[], FolderRow>(`SELECT ${COLUMNS} FROM folders WHERE name = ?`);
    this.#roots = db.prepare<unknown[], { root: string }>('SELECT root FROM folders');
    this.#insert = db.prepare<unknown[]>('INSERT INTO folders (name, root) VALUES (?, ?) ON CONFLICT DO NOTHING');
    this.#move = db.prepare<unknown[]>(
      'UPDATE folders SET root = ?, volume = NULL, marker = NULL, guard = NULL WHERE name = ? AND root <> ?',
    );
    this.#scanned = db.prepare<unknown[]>('UPDATE folders SET last_scan_at = ?, ignored = ? WHERE name = ?');
    this.#volume = db.prepare<unknown[]>('UPDATE folders SET volume = ? WHERE name = ?');
    this.#marker = db.prepare<unknown[]>('UPDATE folders SET marker = ? WHERE name = ?');
    this.#guard = db.prepare<unknown[]>('UPDATE folders SET guard = ? WHERE name = ?');
    this.#place = db.prepare<unknown[]>('UPDATE folders SET place = ?, place_since = ? WHERE name = ?');
  }

  /** Makes the folder known; a new root starts with a new volume, and as a first connection. */
  ensure(name: string, root: string): StoredFolder {
    this.#insert.run(name, root);
    this.#move.run(root, name, root);
    const folder = this.get(name);
    if (folder === null) throw new Error(`folder ${name} can't be stored`);
    return folder;
  }

  get(name: string): StoredFolder | null {
    const row = this.#get.get(name);
    return row === undefined ? null : { ...row, guard: parseColumn<StoredGuard>(row.guard) };
  }

  /** Of every folder that is known. */
  roots(): string[] {
    return this.#roots.all().map((row) => row.root);
  }

  setScanned(name: string, at: EpochMs, ignored: number): void {
    this.#scanned.run(at, ignored, name);
  }

  setVolume(name: string, volume: string | null): void {
    this.#volume.run(volume, name);
  }

  setMarker(name: string, marker: string | null): void {
    this.#marker.run(marker, name);
  }

  setGuard(name: string, guard: StoredGuard | null): void {
    this.#guard.run(jsonColumn(guard), name);
  }

  setPlace(name: string, place: string, since: number): void {
    this.#place.run(place, since, name);
  }
}
