import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';

/**
 * A file system whose every call waits for ever, as on a network drive that is gone: FUSE asks a program that never answers.
 * It is mounted over a directory, whose files come back with the drive.
 */
export class HangingDrive {
  readonly path: string;
  readonly #device: number;
  #gone = false;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    this.#device = openSync('/dev/fuse', 'r+');
    const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
    const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'longshore-test', path], {
      stdio: ['ignore', 'ignore', 'pipe', this.#device],
    });
    if (mounted.status !== 0) throw new Error(`mount: ${mounted.stderr.toString()}`);
  }

  /** The drive answers again: what hung fails, and the directory is there as it was. */
  answer(): void {
    if (this.#gone) return;
    this.#gone = true;
    closeSync(this.#device);
    const unmounted = spawnSync('umount', ['-l', this.path]);
    if (unmounted.status !== 0) throw new Error(`umount: ${unmounted.stderr.toString()}`);
  }
}
