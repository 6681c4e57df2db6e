/** What the files of a crash campaign have been, so that what is in the storage in the end can be held against it. */
import { renameSync, rmSync } from 'node:fs';
import { noise, type Rig } from './engine-harness.ts';
import { sha256 } from './s3-bucket.ts';

export type FolderName = 'drop' | 'mirror' | 'inbox';

export class CrashFiles {
  readonly #rig: Rig;
  readonly #fraction: () => number;
  readonly #states = new Map<string, string[]>();
  readonly #sizes = new Map<string, number>();
  /** Per folder what is there now, by path. */
  readonly #there = { drop: new Set<string>(), mirror: new Set<string>(), inbox: new Set<string>() };
  #named = 0;
  #bigFiles = 0;
  bigBytes = 0;

  constructor(rig: Rig, fraction: () => number) {
    this.#rig = rig;
    this.#fraction = fraction;
  }

  /** Per key, the SHA-256 of each state that the file had on disk, in order. */
  get states(): ReadonlyMap<string, readonly string[]> {
    return this.#states;
  }

  /** Per key, the bytes of the last state. */
  get sizes(): ReadonlyMap<string, number> {
    return this.#sizes;
  }

  get bigFiles(): number {
    return this.#bigFiles;
  }

  /** Keys of files that have left the disk: moved away or deleted by their user. */
  get gone(): ReadonlySet<string> {
    const there = new Set(
      Object.entries(this.#there).flatMap(([folder, paths]) => [...paths].map((path) => `${folder}/${path}`)),
    );
    return new Set([...this.#states.keys()].filter((key) => !there.has(key)));
  }

  /** A new state of a file, complete at once: as programs save, by a rename. */
  write(folder: FolderName, path: string, bytes: Buffer): void {
    this.#rig.write(`${path}.tmp`, bytes, folder);
    renameSync(this.#rig.at(`${path}.tmp`, folder), this.#rig.at(path, folder));
    this.#record(folder, path, sha256(bytes), bytes.length);
  }

  /** Small files, each with a name that never was. */
  add(folder: FolderName, count: number): void {
    for (let n = 0; n < count; n += 1) this.write(folder, this.#newName(), this.#small());
  }

  addLarge(folder: FolderName, sizeBytes: number): void {
    this.write(folder, this.#newName(), noise(sizeBytes));
  }

  /** One of `count` small files gets a new state. */
  edit(count: number): void {
    this.write('drop', `small/${Math.floor(this.#fraction() * count)}.txt`, this.#small());
  }

  addBig(sizeBytes: number): void {
    this.write('drop', `big/${this.#bigFiles}.bin`, noise(sizeBytes));
    this.#bigFiles += 1;
    this.bigBytes += sizeBytes;
  }

  /** A file of the folder that is mirrored gets a new name, perhaps in another directory. */
  move(): void {
    const from = this.#pick();
    const to = this.#newName();
    const key = `mirror/${from}`;
    this.#rig.write(`${to}.tmp`, '', 'mirror');
    rmSync(this.#rig.at(`${to}.tmp`, 'mirror'));
    renameSync(this.#rig.at(from, 'mirror'), this.#rig.at(to, 'mirror'));
    this.#there.mirror.delete(from);
    this.#record('mirror', to, this.#states.get(key)?.at(-1) ?? '', this.#sizes.get(key) ?? 0);
  }

  /** A file of the folder that is mirrored is deleted by its user. */
  remove(): void {
    const path = this.#pick();
    rmSync(this.#rig.at(path, 'mirror'));
    this.#there.mirror.delete(path);
  }

  /** How many files the folder that is mirrored has now. */
  get mirrored(): number {
    return this.#there.mirror.size;
  }

  #record(folder: FolderName, path: string, hash: string, sizeBytes: number): void {
    const key = `${folder}/${path}`;
    this.#states.set(key, [...(this.#states.get(key) ?? []), hash]);
    this.#sizes.set(key, sizeBytes);
    this.#there[folder].add(path);
  }

  #pick(): string {
    const paths = [...this.#there.mirror];
    const path = paths[Math.floor(this.#fraction() * paths.length)];
    if (path === undefined) throw new Error('the mirrored folder is empty');
    return path;
  }

  #newName(): string {
    this.#named += 1;
    return `d${this.#named % 7}/${this.#named}.bin`;
  }

  #small(): Buffer {
    return noise(1 + Math.floor(this.#fraction() * 50_000));
  }
}
