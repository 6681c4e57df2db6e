import { isAbsolute, join, relative, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { errnoOf, fsErrorCode } from './classify-fs.ts';
import { IGNORE_FILE, readIgnoreFile } from './ignore-file.ts';
import { IgnoreRules } from './ignore-rules.ts';

export interface TreeWatchHints {
  onReady(): void;
  onDirty(dir: string): void;
  /** An ignore file changed: what is ignored below it is to be judged anew. */
  onRules(): void;
  /** Something can't be watched; said once for each errno. */
  onBlind(reason: string): void;
}

/** System limits on watching, in words. */
const LIMITS: Readonly<Record<string, string>> = {
  ENOSPC: 'the system has no file watches left (fs.inotify.max_user_watches)',
  EMFILE: 'the system has no watchers left (fs.inotify.max_user_instances, or open files)',
  ENFILE: 'the system has no open files left',
};

/**
 * Watches one tree with chokidar until it is closed. Both its events and the system's raw ones become hints: events cover
 * what appeared in a new directory before it was watched, raw ones what chokidar keeps to itself (names that are not UTF-8,
 * say). Directories that the rules leave out are not watched.
 */
export class TreeWatch {
  readonly #root: string;
  readonly #hints: TreeWatchHints;
  readonly #rules: RulesByDirectory;
  readonly #chokidar: FSWatcher;
  readonly #told = new Set<string>();

  /** `root` is a real path: a link there would be watched instead of the directory. */
  constructor(root: string, ignore: readonly string[], hints: TreeWatchHints) {
    this.#root = root;
    this.#hints = hints;
    this.#rules = new RulesByDirectory(root, ignore);
    this.#chokidar = watch(root, {
      ignoreInitial: true,
      followSymlinks: false,
      alwaysStat: false,
      atomic: false,
      ignored: (path, stats) => stats !== undefined && this.#leftOut(path, stats.isDirectory()),
    });
    this.#chokidar.on('ready', () => hints.onReady());
    this.#chokidar.on('error', (error) => this.#trouble(error));
    this.#chokidar.on('all', (event, path) => {
      this.#touched(path);
      if (event === 'addDir') this.#dirty(this.#relative(path));
    });
    this.#chokidar.on('raw', (_event, name, details: unknown) => this.#raw(name, details));
  }

  async close(): Promise<void> {
    await this.#chokidar.close();
  }

  #raw(name: string | null, details: unknown): void {
    const watched = watchedPathOf(details);
    if (watched === null) return;
    if (name === null || name === '') this.#dirty(this.#relative(watched));
    else this.#touched(isAbsolute(name) ? name : join(watched, name));
  }

  /** Something happened to the entry at `path`. */
  #touched(path: string): void {
    const entry = this.#relative(path);
    if (entry === null) return;
    if (entry === '') {
      this.#dirty('');
      return;
    }
    const cut = entry.lastIndexOf('/');
    const name = entry.slice(cut + 1);
    if (name === IGNORE_FILE) this.#hints.onRules();
    else if (!this.#rules.leavesOut(entry, 'file') || !this.#rules.leavesOut(entry, 'directory')) {
      this.#dirty(cut === -1 ? '' : entry.slice(0, cut));
    }
  }

  #dirty(dir: string | null): void {
    if (dir !== null) this.#hints.onDirty(dir);
  }

  #leftOut(path: string, directory: boolean): boolean {
    const entry = this.#relative(path);
    return entry !== null && entry !== '' && this.#rules.leavesOut(entry, directory ? 'directory' : 'file');
  }

  /** Relative to the root with "/"; null for what lies outside. */
  #relative(path: string): string | null {
    const inside = relative(this.#root, path);
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return null;
    return sep === '/' ? inside : inside.replaceAll(sep, '/');
  }

  #trouble(error: unknown): void {
    const errno = errnoOf(error) ?? '';
    // What may not be read is a problem that the scan reports; what vanished is no trouble.
    if (['local.permission', 'local.vanished'].includes(fsErrorCode(error)) || this.#told.has(errno)) return;
    this.#told.add(errno);
    this.#hints.onBlind(LIMITS[errno] ?? (error instanceof Error ? error.message : String(error)));
  }
}

function watchedPathOf(details: unknown): string | null {
  if (typeof details !== 'object' || details === null || !('watchedPath' in details)) return null;
  return typeof details.watchedPath === 'string' ? details.watchedPath : null;
}

/** So many directories' rules are remembered. */
const REMEMBERED_MAX = 10_000;

/** The rules that hold in each directory, read when first asked for. A change of a rule file makes a new TreeWatch. */
class RulesByDirectory {
  readonly #root: string;
  readonly #folder: IgnoreRules;
  readonly #known = new Map<string, IgnoreRules>();

  constructor(root: string, ignore: readonly string[]) {
    this.#root = root;
    this.#folder = IgnoreRules.ofFolder(ignore);
  }

  leavesOut(entry: string, kind: 'file' | 'directory'): boolean {
    const cut = entry.lastIndexOf('/');
    return this.#in(cut === -1 ? '' : entry.slice(0, cut)).ignores(entry, entry.slice(cut + 1), kind);
  }

  #in(dir: string): IgnoreRules {
    const known = this.#known.get(dir);
    if (known !== undefined) return known;
    const above = dir === '' ? this.#folder : this.#in(dir.slice(0, Math.max(0, dir.lastIndexOf('/'))));
    const own = readIgnoreFile(above, dir === '' ? this.#root : `${this.#root}/${dir}`, dir);
    // Unreadable rules leave nothing out here: a hint too many is harmless, and the scan takes nothing.
    const rules = own instanceof IgnoreRules ? own : above;
    if (this.#known.size >= REMEMBERED_MAX) this.#known.clear();
    this.#known.set(dir, rules);
    return rules;
  }
}
