import { parentOf, ROOMY_BYTES, type SimNode } from './sim-disk.ts';
import { PART_BYTES } from './sim-config.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimMachine } from './sim-machine.ts';

/** Few names, so that files meet again and again. One pair has the same NFC form, two names are hard, one is ignored. */
const NAMES = ['a.txt', 'b.bin', 'c%+ d.txt', 'r\u00e9sum\u00e9', 're\u0301sume\u0301', 'x.bak', 'long'];
const DIRS = ['', '', 'd', 'd/e', 'f'];
/** What Longshore keeps in a folder for itself. */
const OWN = /(^|\/)\.longshore/;
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
  rename: 3,
  renameDirectory: 2,
  atomicSave: 3,
  remove: 2,
  removeDirectory: 0.5,
  lockOut: 1,
  lockOutDirectory: 0.5,
  loseRoot: 0.4,
  burst: 0.7,
  swap: 1,
  chain: 0.7,
  cycle: 0.5,
  renameOnto: 1,
  renameAndEdit: 1,
  copyFile: 0.7,
  removeMany: 1,
  removeWhileStopped: 0.5,
  emptyRoot: 0.2,
  loseMarker: 0.2,
  fillDisk: 0.3,
} as const;
export type DiskAction = keyof typeof DISK_ACTIONS;

/** What people and programs do in the folders. */
export class DiskActions {
  readonly #machine: SimMachine;
  /** Of the action at hand. */
  #random: SeededRandom;
  /** Roots that are away, with what comes back. */
  readonly #away = new Map<string, SimNode>();
  /** What is still to happen on the disk of what was begun. */
  underWay = 0;

  constructor(machine: SimMachine) {
    this.#machine = machine;
    this.#random = machine.random;
  }

  act(action: DiskAction, random: SeededRandom): void {
    this.#random = random;
    const { disk } = this.#machine;
    const root = random.pick(this.#machine.configuration.everyFolder).path;
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
        if (file !== null) disk.touch(file, this.#machine.time.now() + random.pick([0, 0, -86_400_000, 3_600_000]));
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
      case 'swap':
        this.#rotate(root, 2);
        break;
      case 'cycle':
        this.#rotate(root, 3);
        break;
      case 'chain':
        this.#chain(root);
        break;
      case 'renameOnto': {
        const onto = this.#anyFile(root);
        if (file !== null && onto !== null) this.#rename(file, onto);
        break;
      }
      case 'renameAndEdit': {
        const to = this.#path(root);
        if (file !== null && disk.find(to) === null) {
          this.#rename(file, to);
          this.#soon(random.pick([0, 200, 2000]), () => {
            if (disk.find(to)?.bytes?.byteLength !== undefined) disk.write(to, random.bytes(random.below(PART_BYTES)));
          });
        }
        break;
      }
      case 'copyFile': {
        const bytes = file === null ? null : (disk.find(file)?.bytes ?? null);
        const to = this.#path(root);
        if (bytes !== null && disk.find(to) === null && this.#mayStand(to)) disk.write(to, bytes);
        break;
      }
      case 'removeMany':
        for (const { path } of disk.files(root))
          if (!OWN.test(path) && random.chance(0.7)) disk.remove(`${root}/${path}`);
        break;
      case 'removeWhileStopped':
        this.#machine.stop(random.between(500, 5000));
        this.#soon(300, () => {
          for (const { path } of disk.files(root))
            if (!OWN.test(path) && random.chance(0.3)) disk.remove(`${root}/${path}`);
        });
        break;
      case 'emptyRoot':
        for (const [name] of disk.find(root)?.entries ?? []) disk.remove(`${root}/${name}`);
        break;
      case 'loseMarker':
        disk.remove(`${root}/.longshore-folder`);
        break;
      case 'fillDisk': {
        const { freeBytes } = disk;
        disk.freeBytes = 0;
        this.#soon(random.between(2000, 60_000), () => {
          disk.freeBytes = Math.max(freeBytes, ROOMY_BYTES);
        });
        break;
      }
    }
  }

  /** Some files in each folder: most small, of names that the actions know and of others. */
  fill(random: SeededRandom, files: readonly [number, number]): void {
    this.#random = random;
    for (const { path } of this.#machine.configuration.everyFolder) {
      for (let index = random.between(...files); index > 0; index -= 1) {
        const file = random.chance(0.5) ? this.#path(path) : `${path}/${random.pick(['d', 'f', 'g'])}/${index}`;
        this.#write(file, random.below(random.chance(0.8) ? PART_BYTES : 4 * PART_BYTES));
      }
    }
  }

  /** Everything is there again and may be read. */
  heal(): void {
    this.#machine.disk.freeBytes = ROOMY_BYTES;
    for (const root of this.#away.keys()) this.#bringBack(root);
    for (const { path } of this.#machine.configuration.everyFolder) this.#machine.disk.unlock(path);
  }

  #path(root: string): string {
    const random = this.#random;
    const dir = random.pick(DIRS);
    return dir === '' ? `${root}/${random.pick(NAMES)}` : `${root}/${dir}/${random.pick(NAMES)}`;
  }

  #anyFile(root: string): string | null {
    const files = this.#machine.disk.files(root).filter(({ path }) => !OWN.test(path));
    return files.length === 0 ? null : `${root}/${this.#random.pick(files).path}`;
  }

  #write(path: string, sizeBytes: number): void {
    const { disk } = this.#machine;
    const random = this.#random;
    if (!this.#mayStand(path)) return;
    if (disk.find(path) === null || disk.find(path)?.bytes !== null) disk.write(path, random.bytes(sizeBytes));
  }

  /** A drive that is away takes no files; a name can't be both file and directory. */
  #mayStand(path: string): boolean {
    if ([...this.#away.keys()].some((root) => path.startsWith(`${root}/`))) return false;
    for (let way = parentOf(path); way.split('/').length > 2; way = parentOf(way)) {
      const node = this.#machine.disk.find(way);
      if (node !== null && node.bytes !== null) return false;
    }
    return true;
  }

  /** Files take each other's names, all at once as far as anybody can see. */
  #rotate(root: string, count: number): void {
    const { disk } = this.#machine;
    const paths = disk
      .files(root)
      .filter(({ path }) => !OWN.test(path))
      .map(({ path }) => `${root}/${path}`);
    if (paths.length < count) return;
    const from = this.#random.below(paths.length);
    const chosen = Array.from({ length: count }, (_, index) => paths[(from + index) % paths.length]!);
    const spare = `${root}/spare.tmp`;
    disk.rename(chosen[0]!, spare);
    for (let index = 1; index < count; index += 1) disk.rename(chosen[index]!, chosen[index - 1]!);
    disk.rename(spare, chosen[count - 1]!);
  }

  /** Each takes the name of the next, which goes on to another: log files do. */
  #chain(root: string): void {
    const { disk } = this.#machine;
    for (const [from, to] of [
      ['b.bin', 'c%+ d.txt'],
      ['a.txt', 'b.bin'],
    ] as const) {
      this.#rename(`${root}/${from}`, `${root}/${to}`);
    }
    if (disk.find(`${root}/a.txt`) === null) this.#write(`${root}/a.txt`, this.#random.below(PART_BYTES));
  }

  #sameSize(path: string): Uint8Array {
    return this.#random.bytes(this.#machine.disk.find(path)?.bytes?.byteLength ?? 0);
  }

  /** In place, piece after piece: whoever reads meanwhile sees something that is neither the old nor the new. */
  #overwriteSlowly(path: string): void {
    const { disk } = this.#machine;
    const random = this.#random;
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
    const { disk } = this.#machine;
    const random = this.#random;
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
    const { disk } = this.#machine;
    const random = this.#random;
    const before = disk.find(path)?.bytes;
    if (before === null || before === undefined) return;
    disk.write(path, this.#sameSize(path));
    this.#soon(random.pick([100, 800, 1500, 3000, 6000]), () => {
      if (disk.find(path)?.bytes?.byteLength !== undefined) disk.write(path, before);
    });
  }

  #rename(from: string, to: string): void {
    const { disk } = this.#machine;
    const [source, target, directory] = [disk.find(from), disk.find(to), disk.find(parentOf(to))];
    if (source === null || directory === null || directory.bytes !== null) return;
    if (from === to || to.startsWith(`${from}/`)) return;
    if (target !== null && (target.bytes === null || source.bytes === null)) return;
    disk.rename(from, to);
  }

  #atomicSave(path: string): void {
    const { disk } = this.#machine;
    const random = this.#random;
    const temporary = `${path}.tmp`;
    this.#write(temporary, random.below(MAX_FILE_BYTES));
    this.#soon(random.pick([0, 5, 300]), () => {
      this.#rename(temporary, path);
      if (disk.find(temporary) !== null) disk.remove(temporary);
    });
  }

  #lockOut(path: string): void {
    const { disk } = this.#machine;
    const random = this.#random;
    if (disk.find(path) === null) return;
    disk.chmod(path, false);
    this.#soon(random.between(500, 20_000), () => {
      if (disk.find(path) !== null) disk.chmod(path, true);
    });
  }

  /** A drive is pulled: nothing is there, or the empty directory under its mount point. */
  #loseRoot(root: string): void {
    const { disk } = this.#machine;
    const random = this.#random;
    // The directory below may be of another disk, or of the same one: then only the marker tells.
    const empty = random.chance(0.5) ? disk.emptyVolume(random.pick([3, 7])) : null;
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
    this.#machine.disk.mount(root, node);
  }

  #soon(delayMs: number, work: () => void): void {
    this.underWay += 1;
    this.#machine.time.schedule(delayMs, 'disk', () => {
      this.underWay -= 1;
      work();
    });
  }
}
