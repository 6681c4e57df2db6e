import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const MIB = 1024 * 1024;

/** Null when this process may mount; else one sentence that says why a test on a small disk can't run here. */
export const WHY_NO_SMALL_DISK: string | null =
  process.platform === 'linux' && process.getuid?.() === 0 && mayMount()
    ? null
    : 'A small disk needs a mount, and this user may not mount here.';

/** A file system of its own in memory, of a few MiB: it fills up like a disk does. */
export class SmallDisk {
  readonly path: string;

  constructor(path: string, sizeMiB: number) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=0700`, 'longshore-test', path]);
    if (mounted.status !== 0) throw new Error(`mount: ${mounted.stderr.toString()}`);
  }

  /** Takes every block that is left. */
  fill(): void {
    const file = openSync(this.#ballast(), 'a');
    const block = Buffer.alloc(64 * 1024);
    try {
      for (let size = block.length; size >= 1;) {
        try {
          writeSync(file, block, 0, size);
        } catch {
          size = Math.floor(size / 2);
        }
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(this.#ballast(), { force: true });
  }

  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  unmount(): void {
    if (!existsSync(this.path)) return;
    spawnSync('umount', ['--lazy', this.path]);
  }

  #ballast(): string {
    return join(this.path, 'ballast');
  }
}

function mayMount(): boolean {
  const probe = spawnSync('unshare', [
    '--mount',
    'mount',
    '-t',
    'tmpfs',
    '-o',
    `size=${MIB}`,
    'longshore-test',
    '/mnt',
  ]);
  return probe.status === 0;
}
