import { isAbsolute, relative, sep } from 'node:path';
import { errnoOf, fsErrorCode } from './classify-fs.ts';
import { MARKER_NAME } from './default-ignores.ts';
import { IGNORE_FILE, readIgnoreFile } from './ignore-file.ts';
import { IgnoreRules } from './ignore-rules.ts';
import { WATCH_LIMITS } from './watch-limits.ts';

/** What a watch of one tree says while it lasts. */
export interface TreeWatchHints {
  /** Whatever changes from now on is hinted. */
  onReady(): void;
  onDirty(dir: string): void;
  /** An ignore file changed: what is left out below it is to be judged anew. */
  onRules(): void;
  /** Something can't be watched; said once for each errno. */
  onBlind(reason: string): void;
}

/** Turns what happened to entries of a tree into hints, and knows which entries rules leave out. */
export class EntryHints {
  readonly #root: string;
  readonly #hints: TreeWatchHints;
  readonly #rules: RulesByDirectory;
  readonly #told = new Set<string>();

  constructor(root: string, ignore: readonly string[], hints: TreeWatchHints) {
    this.#root = root;
    this.#hints = hints;
    this.#rules = new RulesByDirectory(root, ignore);
  }

  /** Something happened to the entry at this absolute path. */
  touched(path: string): void {
    const entry = this.relative(path);
    if (entry !== null) this.touchedEntry(entry);
  }

  /** Something happened to this entry, named relative to the root. */
  touchedEntry(entry: string): void {
    if (entry === '') {
      this.#hints.onDirty('');
      return;
    }
    const cut = entry.lastIndexOf('/');
    if (entry.slice(cut + 1) === IGNORE_FILE) this.#hints.onRules();
    else if (!this.leavesOut(entry, 'file') || !this.leavesOut(entry, 'directory')) {
      this.#hints.onDirty(cut === -1 ? '' : entry.slice(0, cut));
    }
  }

  leavesOut(entry: string, kind: 'file' | 'directory'): boolean {
    // Whether the marker is there decides whether this still is the folder that we know.
    return entry !== '' && entry !== MARKER_NAME && this.#rules.leavesOut(entry, kind);
  }

  /** Relative to the root with "/"; null for what lies outside. */
  relative(path: string): string | null {
    const inside = relative(this.#root, path);
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return null;
    return sep === '/' ? inside : inside.replaceAll(sep, '/');
  }

  /** A failed system call of the watch. What may not be read is a problem that the scan reports; what vanished is none. */
  trouble(error: unknown): void {
    const errno = errnoOf(error) ?? '';
    if (['local.permission', 'local.vanished'].includes(fsErrorCode(error)) || this.#told.has(errno)) return;
    this.#told.add(errno);
    this.#hints.onBlind(WATCH_LIMITS[errno] ?? (error instanceof Error ? error.message : String(error)));
  }
}

/** So many directories' rules are remembered. */
const REMEMBERED_MAX = 10_000;

/** The rules that hold in each directory, read when first asked for. A change of an ignore file makes a new watch. */
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

  /** From the root downwards, in a loop: trees may be deeper than the call stack. */
  #in(dir: string): IgnoreRules {
    const known = this.#known.get(dir);
    if (known !== undefined) return known;
    let rules = this.#step('', this.#folder);
    for (let cut = dir.indexOf('/'); cut !== -1; cut = dir.indexOf('/', cut + 1)) {
      rules = this.#step(dir.slice(0, cut), rules);
    }
    return dir === '' ? rules : this.#step(dir, rules);
  }

  #step(dir: string, above: IgnoreRules): IgnoreRules {
    const known = this.#known.get(dir);
    if (known !== undefined) return known;
    const own = readIgnoreFile(above, dir === '' ? this.#root : `${this.#root}/${dir}`, dir);
    // Unreadable rules leave nothing out here: a hint too many is harmless, and the scan takes nothing.
    const rules = own instanceof IgnoreRules ? own : above;
    if (this.#known.size >= REMEMBERED_MAX) this.#known.clear();
    this.#known.set(dir, rules);
    return rules;
  }
}
