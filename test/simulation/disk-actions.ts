import { parentOf } from './sim-disk.ts';
import { PART_BYTES } from './sim-config.ts';
import type { SimWorld } from './sim-world.ts';
import type { SimNode } from './sim-disk.ts';

/** Few names, so that files meet again and again. One pair has the same NFC form, two names are hard, one is ignored. */
const NAMES = ['a.txt', 'b.bin', 'c%+ d.txt', 'r\u00e9sum\u00e9', 're\u0301sume\u0301', 'x.bak', 'long'];
const DIRS = ['', '', 'd', 'd/e', 'f'];
const MAX_FILE_BYTES = 12 * PART_BYTES;

export const DISK_ACTIONS = {
  createSmall: 4,
  createLarge: 4,
  overwrite: 3,
  overwriteSlowly: 3,
  grow: 3,
  truncate: 1,
  revert: 4,
  touch: 2,
  rename: 2,
  renameDirectory: 1,
  atomicSave: 3,
  remove: 2,
  removeDirectory: 0.5,
  lockOut: 1,
  lockOutDirectory: 0.5,
  loseRoot: 0.4,
  burst: 0.7,
} as const;
export type DiskAction = keyof typeof DISK_ACTIONS;

/** What people and programs do in the folders. */
export class DiskActions {
  readonly #world: SimWorld;
  /** Roots that are away, with what comes back. */
  readonly #away = new Map<string, SimNode>();
  /** What is still to happen on the disk of what was begun. */
  underWay = 0;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  act(action: DiskAction): void {
    const { disk, random } = this.#world;
    const root = random.pick(this.#world.config.folders).path;
    if (this.#away.has(root)) return;
    const file = this.#anyFile(root);
    switch (action) {
      case 'createSmall':
        this.#write(this.#path(root), random.below(PART_BYTES + 1));
        break;
      case 'createLarge':
        this.#write(this.#path(root), random.between(PART_BYTES + 1, MAX_FILE_BYTES));
        break;
      case 'burst':
        for (let index = random.between(4, 12); index > 0; index -= 1)
          this.#write(`${root}/burst/${index}`, random.below(2 * PART_BYTES));
        break;
      case 'overwrite':
        if (file !== null) disk.write(file, this.#sameSize(file));
        break;
      case 'overwriteSlowly':
        if (file !== null) this.#overwriteSlowly(file);
        break;
      case 'grow':
        this.#grow(file ?? this.#path(root));
        break;
      case 'truncate':
        if (file !== null) disk.truncate(file, random.below(PART_BYTES));
        break;
      case 'revert':
        if (file !== null) this.#editAndRevert(file);
        break;
      case 'touch':
        if (file !== null) disk.touch(file, this.#world.time.now() + random.pick([0, 0, -86_400_000, 3_600_000]));
        break;
      case 'rename':
        if (file !== null) this.#rename(file, this.#path(root));
        break;
      case 'renameDirectory':
        this.#rename(`${root}/${random.pick(['d', 'f', 'd/e'])}`, `${root}/${random.pick(['g', 'd', 'f/h'])}`);
        break;
      case 'atomicSave':
        this.#atomicSave(file ?? this.#path(root));
        break;
      case 'remove':
        if (file !== null) disk.remove(file);
        break;
      case 'removeDirectory':
        disk.remove(`${root}/${random.pick(['d', 'f', 'd/e', 'g'])}`);
        break;
      case 'lockOut':
        if (file !== null) this.#lockOut(file);
        break;
      case 'lockOutDirectory':
        this.#lockOut(`${root}/d`);
        break;
      case 'loseRoot':
        this.#loseRoot(root);
        break;
    }
  }

  /** Everything is there again and may be read. */
  heal(): void {
    for (const root of this.#away.keys()) this.#bringBack(root);
    for (const { path } of this.#world.config.folders) this.#world.disk.unlock(path);
  }

  #path(root: string): string {
    const { random } = this.#world;
    const dir = random.pick(DIRS);
    return dir === '' ? `${root}/${random.pick(NAMES)}` : `${root}/${dir}/${random.pick(NAMES)}`;
  }

  #anyFile(root: string): string | null {
    const files = this.#world.disk.files(root);
    return files.length === 0 ? null : `${root}/${this.#world.random.pick(files).path}`;
  }

  #write(path: string, sizeBytes: number): void {
    const { disk, random } = this.#world;
    // A drive that is away takes no files; a name can't be both file and directory.
    if ([...this.#away.keys()].some((root) => path.startsWith(`${root}/`))) return;
    for (let way = parentOf(path); way.split('/').length > 2; way = parentOf(way)) {
      const node = disk.find(way);
      if (node !== null && node.bytes !== null) return;
    }
    if (disk.find(path) === null || disk.find(path)?.bytes !== null) disk.write(path, random.bytes(sizeBytes));
  }

  #sameSize(path: string): Uint8Array {
    return this.#world.random.bytes(this.#world.disk.find(path)?.bytes?.byteLength ?? 0);
  }

  /** In place, piece after piece: whoever reads meanwhile sees something that is neither the old nor the new. */
  #overwriteSlowly(path: string): void {
    const { random, disk } = this.#world;
    const fresh = this.#sameSize(path);
    const stepBytes = random.pick([16, 64, 200]);
    for (let offset = 0, delayMs = 0; offset < fresh.byteLength; offset += stepBytes) {
      const piece = fresh.subarray(offset, offset + stepBytes);
      const at = offset;
      this.#soon(delayMs, () => {
        const size = disk.find(path)?.bytes?.byteLength;
        if (size !== undefined && at <= size) disk.writeAt(path, at, piece);
      });
      delayMs += random.pick([1, 20, 300, 700]);
    }
  }

  #grow(path: string): void {
    const { random, disk } = this.#world;
    let delayMs = 0;
    for (let step = random.between(2, 8); step > 0; step -= 1) {
      const piece = random.bytes(random.between(1, 80));
      this.#soon(delayMs, () => {
        const size = disk.find(path)?.bytes?.byteLength;
        if (size === undefined) this.#write(path, 10);
        else if (size < 2 * MAX_FILE_BYTES) disk.writeAt(path, size, piece);
      });
      delayMs += random.pick([5, 100, 450, 900]);
    }
  }

  /** Back to the very bytes of before, some time later: content that was uploaded, and is not what is there now. */
  #editAndRevert(path: string): void {
    const { random, disk } = this.#world;
    const before = disk.find(path)?.bytes;
    if (before === null || before === undefined) return;
    disk.write(path, this.#sameSize(path));
    this.#soon(random.pick([100, 800, 1500, 3000, 6000]), () => {
      if (disk.find(path)?.bytes?.byteLength !== undefined) disk.write(path, before);
    });
  }

  #rename(from: string, to: string): void {
    const { disk } = this.#world;
    const [source, target, directory] = [disk.find(from), disk.find(to), disk.find(parentOf(to))];
    if (source === null || directory === null || directory.bytes !== null) return;
    if (from === to || to.startsWith(`${from}/`)) return;
    if (target !== null && (target.bytes === null || source.bytes === null)) return;
    disk.rename(from, to);
  }

  #atomicSave(path: string): void {
    const { disk, random } = this.#world;
    const temporary = `${path}.tmp`;
    this.#write(temporary, random.below(MAX_FILE_BYTES));
    this.#soon(random.pick([0, 5, 300]), () => {
      this.#rename(temporary, path);
      if (disk.find(temporary) !== null) disk.remove(temporary);
    });
  }

  #lockOut(path: string): void {
    const { disk, random } = this.#world;
    if (disk.find(path) === null) return;
    disk.chmod(path, false);
    this.#soon(random.between(500, 20_000), () => {
      if (disk.find(path) !== null) disk.chmod(path, true);
    });
  }

  /** A drive is pulled: nothing is there, or the empty directory under its mount point. */
  #loseRoot(root: string): void {
    const { disk, random } = this.#world;
    const empty = random.chance(0.5) ? disk.emptyVolume(3) : null;
    const node = disk.mount(root, empty);
    if (node === null) return;
    this.#away.set(root, node);
    this.#soon(random.between(1000, 60_000), () => {
      this.#bringBack(root);
    });
  }

  #bringBack(root: string): void {
    const node = this.#away.get(root);
    if (node === undefined) return;
    this.#away.delete(root);
    this.#world.disk.mount(root, node);
  }

  #soon(delayMs: number, work: () => void): void {
    this.underWay += 1;
    this.#world.time.schedule(delayMs, 'disk', () => {
      this.underWay -= 1;
      work();
    });
  }
}
