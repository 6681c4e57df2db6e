import { createHash, hash } from 'node:crypto';
import { makeFingerprint } from '../../src/core/fingerprint.ts';
import { LongshoreError } from '../../src/core/longshore-error.ts';
import type { FileStat } from '../../src/core/ports.ts';
import type { MachineTime } from './machine-time.ts';

/** File times come from the kernel's tick, not from the exact clock: writes within one tick leave the same time. */
const TICK_MS = 4;

/** What a disk has room for where nothing is wrong with it. */
export const ROOMY_BYTES = 10_000_000;

export interface SimNode {
  readonly ino: number;
  readonly dev: number;
  /** Null for a directory. */
  bytes: Uint8Array | null;
  readonly entries: Map<string, SimNode>;
  readable: boolean;
  mtimeNs: bigint;
  ctimeNs: bigint;
  /** What a power cut leaves of it; undefined: all. Only Longshore's own writes are followed so closely. */
  onPlatter?: Uint8Array;
}

/** What watches the disk: gets the directory that changed, absolute. */
export type OnChange = (path: string, kind: 'content' | 'names') => void;

/** A POSIX-like disk in memory. Absolute paths, "/"-separated. Wrong calls throw: the scenario must not make them. */
export class SimDisk {
  readonly #time: MachineTime;
  readonly #root: SimNode;
  readonly #listeners = new Set<OnChange>();
  #nextIno = 100;
  /** Every state that each path ever had, as a hash of its bytes. */
  readonly #states = new Map<string, Set<string>>();
  readonly #loose = new Set<SimNode>();
  /** Files that have, or had, more than one name. */
  readonly #linked = new Set<SimNode>();
  changes = 0;
  readonly #onRemoved: ((paths: readonly string[], how: 'deleted' | 'renamed') => void)[] = [];
  /** Longshore itself acts, not a person. */
  #engineActs = false;
  /** What may still be written, over all volumes. */
  freeBytes = ROOMY_BYTES;
  /** The trash and the archive can't be written to now. */
  putsNothingAway = false;

  constructor(time: MachineTime) {
    this.#time = time;
    this.#root = this.#node(1, null);
  }

  onChange(listener: OnChange): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hears of the paths of files that a person took away from their place. */
  onRemoved(listener: (paths: readonly string[], how: 'deleted' | 'renamed') => void): void {
    this.#onRemoved.push(listener);
  }

  /** What happens in `work` is Longshore's doing. */
  byEngine<T>(work: () => T): T {
    this.#engineActs = true;
    try {
      return work();
    } finally {
      this.#engineActs = false;
    }
  }

  // ------------------------------------------------------------ reading, without a trace

  find(path: string): SimNode | null {
    let node: SimNode | undefined = this.#root;
    for (const name of parts(path)) {
      if (node.bytes !== null) return null;
      node = node.entries.get(name);
      if (node === undefined) return null;
    }
    return node;
  }

  /** As `find`, but a directory on the way that may not be entered is an error, as for the engine. */
  reach(path: string): SimNode | null {
    let node: SimNode | undefined = this.#root;
    for (const name of parts(path)) {
      if (node.bytes !== null) return null;
      if (!node.readable) throw new LongshoreError('local.permission', { subject: path });
      node = node.entries.get(name);
      if (node === undefined) return null;
    }
    return node;
  }

  /** All files below, with paths relative to `path`. */
  files(path: string): { readonly path: string; readonly node: SimNode }[] {
    const found: { path: string; node: SimNode }[] = [];
    const walk = (node: SimNode, at: string) => {
      for (const [name, child] of node.entries) {
        const below = at === '' ? name : `${at}/${name}`;
        if (child.bytes !== null) found.push({ path: below, node: child });
        else walk(child, below);
      }
    };
    const root = this.find(path);
    if (root !== null) walk(root, '');
    return found;
  }

  directories(path: string): string[] {
    const found: string[] = [];
    const walk = (node: SimNode, at: string) => {
      found.push(at);
      for (const [name, child] of node.entries)
        if (child.bytes === null) walk(child, at === '' ? name : `${at}/${name}`);
    };
    const root = this.find(path);
    if (root !== null) walk(root, '');
    return found;
  }

  hadState(path: string, bytes: Uint8Array): boolean {
    return this.#states.get(path)?.has(hashOf(bytes)) === true;
  }

  /** Everything on the disk in one value: names, bytes, times, rights. */
  digest(): string {
    const hash = createHash('md5');
    const walk = (node: SimNode, at: string) => {
      hash.update(`${at} ${node.ino} ${node.mtimeNs} ${node.ctimeNs} ${String(node.readable)}\n`);
      if (node.bytes !== null) hash.update(node.bytes);
      for (const [name, child] of node.entries) walk(child, `${at}/${name}`);
    };
    walk(this.#root, '');
    return hash.digest('hex');
  }

  // ------------------------------------------------------------ what programs do

  mkdir(path: string, dev?: number): SimNode {
    let node = this.#root;
    let at = '';
    for (const name of parts(path)) {
      at += `/${name}`;
      let child = node.entries.get(name);
      if (child === undefined) {
        child = this.#node(dev ?? node.dev, null);
        node.entries.set(name, child);
        this.#touch(node, 'both');
        this.#changed(at, 'names');
      }
      node = child;
    }
    return node;
  }

  /** Makes the file or writes its whole content in one call. */
  write(path: string, bytes: Uint8Array): void {
    const directory = this.mkdir(parentOf(path));
    const name = nameOf(path);
    let node = directory.entries.get(name);
    if (node === undefined) {
      node = this.#node(directory.dev, new Uint8Array(0));
      directory.entries.set(name, node);
      this.#touch(directory, 'both');
    }
    node.bytes = Uint8Array.from(bytes);
    this.#touch(node, 'both');
    this.#changed(path, 'content');
  }

  /** Writes in place at an offset; the file grows where it must. */
  writeAt(path: string, offset: number, bytes: Uint8Array): void {
    const node = this.#file(path);
    const size = Math.max(node.bytes.byteLength, offset + bytes.byteLength);
    const grown = new Uint8Array(size);
    grown.set(node.bytes);
    grown.set(bytes, offset);
    node.bytes = grown;
    this.#touch(node, 'both');
    this.#changed(path, 'content');
  }

  truncate(path: string, sizeBytes: number): void {
    const node = this.#file(path);
    node.bytes = node.bytes.slice(0, sizeBytes);
    this.#touch(node, 'both');
    this.#changed(path, 'content');
  }

  /** Sets the times, as `touch` and `cp -p` do; ctime can't be set. */
  touch(path: string, mtimeMs: number): void {
    const node = this.#file(path);
    node.mtimeNs = BigInt(Math.floor(mtimeMs)) * 1_000_000n;
    this.#touch(node, 'ctime');
    this.#changed(path, 'content');
  }

  chmod(path: string, readable: boolean): void {
    const node = this.find(path);
    if (node === null) throw new Error(`chmod: no ${path}`);
    node.readable = readable;
    this.#touch(node, 'ctime');
    this.#changed(path, 'content');
  }

  /** Whatever may not be read at or below may be read again, wherever it was moved meanwhile. */
  unlock(path: string): void {
    const walk = (node: SimNode, at: string) => {
      if (!node.readable) this.chmod(at, true);
      for (const [name, child] of node.entries) walk(child, `${at}/${name}`);
    };
    const node = this.find(path);
    if (node !== null) walk(node, path);
  }

  remove(path: string): void {
    const directory = this.find(parentOf(path));
    this.#tellRemoved(path, 'deleted');
    if (directory?.entries.delete(nameOf(path)) !== true) return;
    this.#touch(directory, 'both');
    this.#changed(path, 'names');
  }

  /** Replaces what stands at `to`. Changes the ctime of what was moved, and neither inode nor mtime. */
  rename(from: string, to: string): void {
    const node = this.find(from);
    if (node === null) throw new Error(`rename: no ${from}`);
    const source = this.#directory(parentOf(from));
    const target = this.#directory(parentOf(to));
    this.#tellRemoved(from, 'renamed');
    source.entries.delete(nameOf(from));
    target.entries.set(nameOf(to), node);
    this.#touch(source, 'both');
    this.#touch(target, 'both');
    this.#touch(node, 'ctime');
    this.#changed(from, 'names');
    this.#changed(to, 'names');
  }

  /** Longshore writes into a file of its own: in the page cache until `sync`. */
  writeLoosely(node: SimNode & { bytes: Uint8Array }, offset: number, bytes: Uint8Array): void {
    node.onPlatter ??= node.bytes;
    this.#loose.add(node);
    const grown = new Uint8Array(Math.max(node.bytes.byteLength, offset + bytes.byteLength));
    grown.set(node.bytes);
    grown.set(bytes, offset);
    node.bytes = grown;
    this.#touch(node, 'both');
  }

  sync(node: SimNode): void {
    delete node.onPlatter;
    this.#loose.delete(node);
  }

  /** What was not synced is gone, or cut off somewhere. */
  cutPower(fraction: () => number): void {
    for (const node of this.#loose) {
      const { onPlatter, bytes } = node;
      if (onPlatter === undefined || bytes === null) continue;
      const kept = onPlatter.byteLength + Math.floor(fraction() * (bytes.byteLength - onPlatter.byteLength + 1));
      node.bytes = bytes.slice(0, Math.max(0, kept));
      // Pages that never got there read as zeros.
      if (fraction() < 0.5) node.bytes.fill(0, onPlatter.byteLength);
      delete node.onPlatter;
    }
    this.#loose.clear();
  }

  setMtime(node: SimNode, mtimeMs: number): void {
    node.mtimeNs = BigInt(Math.floor(mtimeMs)) * 1_000_000n;
    this.#touch(node, 'ctime');
  }

  /** A second name for a file. */
  link(from: string, to: string): void {
    const node = this.#file(from);
    const directory = this.#directory(parentOf(to));
    directory.entries.set(nameOf(to), node);
    this.#linked.add(node);
    this.#touch(directory, 'both');
    this.#touch(node, 'ctime');
    this.#changed(to, 'names');
  }

  /** Takes a directory away with all below, or puts another in its place: drives come and go without touching a time. */
  mount(path: string, node: SimNode | null): SimNode | null {
    const directory = this.#directory(parentOf(path));
    const before = directory.entries.get(nameOf(path)) ?? null;
    if (node === null) directory.entries.delete(nameOf(path));
    else directory.entries.set(nameOf(path), node);
    this.changes += 1;
    return before;
  }

  /** An empty directory on a volume of its own, mounted nowhere: what is seen where a drive was. */
  emptyVolume(dev: number): SimNode {
    return this.#node(dev, null);
  }

  #tellRemoved(path: string, how: 'deleted' | 'renamed'): void {
    if (this.#engineActs) return;
    const node = this.find(path);
    if (node === null) return;
    const paths = node.bytes === null ? this.files(path).map((below) => `${path}/${below.path}`) : [path];
    for (const listener of this.#onRemoved) listener(paths, how);
  }

  #node(dev: number, bytes: Uint8Array | null): SimNode {
    this.#nextIno += 1;
    const at = this.#tickNs();
    return { ino: this.#nextIno, dev, bytes, entries: new Map(), readable: true, mtimeNs: at, ctimeNs: at };
  }

  #file(path: string): SimNode & { bytes: Uint8Array } {
    const node = this.find(path);
    if (node === null || node.bytes === null) throw new Error(`no file ${path}`);
    return node as SimNode & { bytes: Uint8Array };
  }

  #directory(path: string): SimNode {
    const node = this.find(path);
    if (node === null || node.bytes !== null) throw new Error(`no directory ${path}`);
    return node;
  }

  #tickNs(): bigint {
    return BigInt(Math.floor(this.#time.now() / TICK_MS) * TICK_MS) * 1_000_000n;
  }

  #touch(node: SimNode, which: 'both' | 'ctime'): void {
    node.ctimeNs = this.#tickNs();
    if (which === 'both') node.mtimeNs = node.ctimeNs;
  }

  #changed(path: string, kind: 'content' | 'names'): void {
    this.changes += 1;
    const node = this.find(path);
    if (node?.bytes !== null && node !== null)
      for (const name of this.#namesOf(node, path)) this.#remember(name, node.bytes);
    else for (const below of this.files(path)) this.#remember(`${path}/${below.path}`, below.node.bytes!);
    for (const listener of this.#listeners) listener(path, kind);
  }

  /** What is written under one name of a file is there under all of them, wherever they were moved to since. */
  #namesOf(node: SimNode, path: string): readonly string[] {
    if (!this.#linked.has(node)) return [path];
    return this.files('').flatMap((file) => (file.node === node ? [`/${file.path}`] : []));
  }

  #remember(path: string, bytes: Uint8Array): void {
    const states = this.#states.get(path) ?? new Set<string>();
    this.#states.set(path, states.add(hashOf(bytes)));
  }
}

export function hashOf(bytes: Uint8Array): string {
  return hash('md5', bytes);
}

export function statOf(node: SimNode): FileStat {
  const { mtimeNs, ctimeNs } = node;
  const sizeBytes = node.bytes?.byteLength ?? 4096;
  return {
    kind: node.bytes === null ? 'directory' : 'file',
    sizeBytes,
    mtimeMs: Number(mtimeNs) / 1e6,
    ctimeMs: Number(ctimeNs) / 1e6,
    fingerprint: makeFingerprint({
      size: BigInt(sizeBytes),
      mtimeNs,
      ctimeNs,
      ino: BigInt(node.ino),
      dev: BigInt(node.dev),
    }),
  };
}

function parts(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
