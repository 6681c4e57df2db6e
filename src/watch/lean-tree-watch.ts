import { type BigIntStats, type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs';
import { EntryHints, type TreeWatchHints } from './entry-hints.ts';

/** So many directories are subscribed before the loop gets a turn. */
const DIRECTORIES_PER_TURN = 50;

interface Subscription {
  readonly watcher: FSWatcher;
  /** Inode and birth: a file system may give the inode of a deleted directory to the next one. */
  readonly identity: string;
  /** Subscribed directories right below this one. */
  readonly below: Set<string>;
}

/**
 * Watches a tree with one system watch for each directory and nothing else in memory: for trees in which chokidar, which
 * keeps every file, would take too much. For Linux, where a directory's watch tells of its entries.
 *
 * A directory is subscribed first and hinted after, so a scan that follows the hint misses nothing. Renames move a
 * subscribed directory away from the path that it is known by: whenever an entry's name appears or goes, the directory at
 * that name is looked at, and what was subscribed there as another one is dropped with all below.
 */
export class LeanTreeWatch {
  readonly #root: string;
  readonly #entries: EntryHints;
  readonly #hints: TreeWatchHints;
  readonly #subscribed = new Map<string, Subscription>();
  readonly #wanted: string[] = [''];
  #crawling = false;
  #ready = false;
  #closed = false;

  /** `root` is a real path. */
  constructor(root: string, ignore: readonly string[], hints: TreeWatchHints) {
    this.#root = root;
    this.#entries = new EntryHints(root, ignore, hints);
    this.#hints = hints;
    this.#crawl();
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const { watcher } of this.#subscribed.values()) watcher.close();
    this.#subscribed.clear();
    return Promise.resolve();
  }

  /** Subscribes what is wanted, in turns that leave the loop free to take events. */
  #crawl(): void {
    if (this.#crawling) return;
    this.#crawling = true;
    const turn = () => {
      for (let count = 0; count < DIRECTORIES_PER_TURN && !this.#closed; count += 1) {
        const dir = this.#wanted.pop();
        if (dir === undefined) break;
        this.#subscribe(dir);
      }
      if (this.#closed) return;
      if (this.#wanted.length > 0) {
        setImmediate(turn);
        return;
      }
      this.#crawling = false;
      if (!this.#ready) this.#hints.onReady();
      this.#ready = true;
    };
    setImmediate(turn);
  }

  #subscribe(dir: string): void {
    const absolute = this.#absolute(dir);
    try {
      const stats = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
      if (stats?.isDirectory() !== true || this.#entries.leavesOut(dir, 'directory')) return;
      const identity = identityOf(stats);
      if (this.#subscribed.get(dir)?.identity === identity) return;
      this.#drop(dir);
      const watcher = watch(absolute, (event, name) => this.#happened(dir, event, name));
      watcher.on('error', (error) => {
        this.#entries.trouble(error);
        this.#drop(dir);
      });
      this.#subscribed.set(dir, { watcher, identity, below: new Set() });
      if (dir !== '') this.#subscribed.get(parentOf(dir))?.below.add(dir);
      this.#hints.onDirty(dir);
      for (const entry of readdirSync(absolute, { withFileTypes: true })) {
        // A file system that tells no types says "unknown": subscribing finds out.
        if (entry.isDirectory() || isOfUnknownType(entry)) this.#wanted.push(within(dir, entry.name));
      }
    } catch (error) {
      this.#entries.trouble(error);
    }
  }

  #happened(dir: string, event: string, name: string | null): void {
    if (this.#closed) return;
    if (name === null || name === '') {
      this.#hints.onDirty(dir);
      this.#again(dir);
      return;
    }
    const entry = within(dir, name);
    this.#entries.touchedEntry(entry);
    if (event !== 'rename') return;
    // The end of a directory is told as a rename of its own name, after which its watch is dead.
    if (name === dir.slice(dir.lastIndexOf('/') + 1)) this.#again(dir);
    this.#look(entry);
  }

  /** What stands at this name now? */
  #look(entry: string): void {
    let stats: BigIntStats | undefined;
    try {
      stats = lstatSync(this.#absolute(entry), { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      this.#entries.trouble(error);
    }
    if (stats?.isDirectory() !== true) {
      this.#drop(entry);
    } else if (this.#subscribed.get(entry)?.identity !== identityOf(stats)) {
      this.#wanted.push(entry);
      this.#crawl();
    }
  }

  /** Subscribes a directory anew whose watch may be dead; all below, too, since they may have died with it. */
  #again(dir: string): void {
    this.#drop(dir);
    this.#wanted.push(dir);
    this.#crawl();
  }

  /** Ends the watches of a directory and of all below it. */
  #drop(dir: string): void {
    this.#subscribed.get(parentOf(dir))?.below.delete(dir);
    const ending = [dir];
    for (let path = ending.pop(); path !== undefined; path = ending.pop()) {
      const subscription = this.#subscribed.get(path);
      if (subscription === undefined) continue;
      subscription.watcher.close();
      this.#subscribed.delete(path);
      ending.push(...subscription.below);
    }
  }

  #absolute(dir: string): string {
    return dir === '' ? this.#root : `${this.#root}/${dir}`;
  }
}

function within(dir: string, name: string): string {
  return dir === '' ? name : `${dir}/${name}`;
}

/** The root is its own parent. */
function parentOf(dir: string): string {
  return dir.slice(0, Math.max(0, dir.lastIndexOf('/')));
}

function identityOf(stats: BigIntStats): string {
  return `${stats.dev}.${stats.ino}.${stats.birthtimeNs}`;
}

function isOfUnknownType(entry: {
  isFile(): boolean;
  isSymbolicLink(): boolean;
  isSocket(): boolean;
  isFIFO(): boolean;
}) {
  return !entry.isFile() && !entry.isSymbolicLink() && !entry.isSocket() && !entry.isFIFO();
}
