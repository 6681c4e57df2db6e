import { isAbsolute, join } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { EntryHints, type TreeWatchHints } from './entry-hints.ts';

/**
 * Watches one tree with chokidar until it is closed. Both its events and the system's raw ones become hints: events cover
 * what appeared in a new directory before it was watched, raw ones what chokidar keeps to itself (names that are not UTF-8,
 * say). Directories that the rules leave out are not watched.
 */
export class TreeWatch {
  readonly #entries: EntryHints;
  readonly #hints: TreeWatchHints;
  readonly #chokidar: FSWatcher;

  /** `root` is a real path: a link there would be watched instead of the directory. */
  constructor(root: string, ignore: readonly string[], hints: TreeWatchHints) {
    const entries = new EntryHints(root, ignore, hints);
    this.#entries = entries;
    this.#hints = hints;
    this.#chokidar = watch(root, {
      ignoreInitial: true,
      followSymlinks: false,
      alwaysStat: false,
      atomic: false,
      ignored: (path, stats) => {
        const entry = stats === undefined ? null : entries.relative(path);
        return entry !== null && entries.leavesOut(entry, stats?.isDirectory() === true ? 'directory' : 'file');
      },
    });
    this.#chokidar.on('ready', () => hints.onReady());
    this.#chokidar.on('error', (error) => entries.trouble(error));
    this.#chokidar.on('all', (event, path) => {
      entries.touched(path);
      if (event === 'addDir') this.#dirty(path);
    });
    this.#chokidar.on('raw', (_event, name, details: unknown) => this.#raw(name, details));
  }

  async close(): Promise<void> {
    await this.#chokidar.close();
  }

  #raw(name: string | null, details: unknown): void {
    const watched = watchedPathOf(details);
    if (watched === null) return;
    if (name === null || name === '') this.#dirty(watched);
    else this.#entries.touched(isAbsolute(name) ? name : join(watched, name));
  }

  #dirty(path: string): void {
    const dir = this.#entries.relative(path);
    if (dir !== null) this.#hints.onDirty(dir);
  }
}

function watchedPathOf(details: unknown): string | null {
  if (typeof details !== 'object' || details === null || !('watchedPath' in details)) return null;
  return typeof details.watchedPath === 'string' ? details.watchedPath : null;
}
