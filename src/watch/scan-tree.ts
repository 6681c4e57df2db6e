import { lstatSync } from 'node:fs';
import type { RootState, ScanRequest } from '../core/ports.ts';
import { errnoOf } from './classify-fs.ts';
import type { DirectoryListing } from './directory-listing.ts';
import { readIgnoreFile } from './ignore-file.ts';
import { IgnoreRules } from './ignore-rules.ts';
import { lookAtRoot, type RootIdentity } from './root-state.ts';
import { goneDirectory, scanDirectory, unreadDirectory } from './scan-directory.ts';
import { scanProblem } from './scan-problem.ts';

export interface TreeSummary {
  readonly root: RootState;
  readonly volume: string | null;
}

/**
 * Walks what the request names, parents before what lies below them, and yields each directory once. Returns the state of
 * the root as it was at the end: a drive that was pulled in the middle leaves directories that seem gone, so nothing is
 * yielded as gone before the root was looked at again, and nothing at all after it was found missing.
 *
 * Directories wait on a stack of their own, so depth is bounded by memory and not by the call stack. Links are not
 * followed, so there are no cycles. `goOn` is called often and throws to end the walk.
 */
export function* scanTree(request: ScanRequest, goOn: () => void): Generator<DirectoryListing, TreeSummary, void> {
  const first = lookAtRoot(request.root, request.volume);
  const { identity } = first;
  if (identity === null || first.state.kind !== 'healthy') {
    return { root: first.state, volume: identity?.volume ?? null };
  }
  const trunk = new Trunk(request);
  for (const { dir, below } of withoutCovered(request.under)) {
    goOn();
    const way = trunk.to(dir);
    if (way === 'left-out') continue;
    if (!(way instanceof IgnoreRules)) {
      if (!sameRoot(request, identity)) return summary(request, identity);
      yield way;
      continue;
    }
    const stack: { dir: string; rules: IgnoreRules }[] = [{ dir, rules: way }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      goOn();
      const { scanned, rules } = scanDirectory(request.root, next.dir, next.rules, request, goOn);
      if ((scanned.gone || next.dir === '') && !sameRoot(request, identity)) return summary(request, identity);
      const closed = next.dir === '' ? noPermission(scanned) : null;
      if (closed !== null) return { root: closed, volume: identity.volume };
      yield scanned;
      if (!below) continue;
      const prefix = next.dir === '' ? '' : `${next.dir}/`;
      for (const name of scanned.subdirectories.toReversed()) stack.push({ dir: `${prefix}${name}`, rules });
    }
  }
  return summary(request, identity);
}

/** The root as it is now, compared with what it was when the walk began. */
function summary(request: ScanRequest, identity: RootIdentity): TreeSummary {
  const { volume } = identity;
  const now = lookAtRoot(request.root, volume);
  if (now.state.kind === 'healthy' && now.identity?.inode !== identity.inode) {
    return { root: { kind: 'missing', detail: 'the folder was replaced during the scan' }, volume };
  }
  return { root: now.state, volume };
}

function noPermission(scanned: DirectoryListing): RootState | null {
  const problem = scanned.problems.find(({ name, code }) => name === '.' && code === 'local.permission');
  return problem === undefined ? null : { kind: 'no-permission', detail: problem.detail };
}

function sameRoot(request: ScanRequest, identity: RootIdentity): boolean {
  const now = lookAtRoot(request.root, identity.volume);
  return now.state.kind === 'healthy' && now.identity?.inode === identity.inode;
}

/** Each directory once, and none that lies below another which is walked whole. */
function withoutCovered(under: ScanRequest['under']): ScanRequest['under'] {
  const wanted = new Map<string, boolean>();
  for (const { dir, below } of under) wanted.set(dir, below || wanted.get(dir) === true);
  const covered = (dir: string) => {
    for (let cut = dir.lastIndexOf('/'); cut > 0; cut = dir.lastIndexOf('/', cut - 1)) {
      if (wanted.get(dir.slice(0, cut)) === true) return true;
    }
    return dir !== '' && wanted.get('') === true;
  };
  return [...wanted].filter(([dir]) => !covered(dir)).map(([dir, below]) => ({ dir, below }));
}

/** The ways from the root to directories that are looked at on their own, with the rules met on them. */
class Trunk {
  readonly #root: string;
  readonly #rules: IgnoreRules;
  /** What was found at each directory on a way; the rules include the directory's own. */
  readonly #found = new Map<string, IgnoreRules | DirectoryListing | 'left-out'>();

  constructor(request: ScanRequest) {
    this.#root = request.root;
    this.#rules = IgnoreRules.ofFolder(request.ignore);
  }

  /** The rules that hold on entering `dir`, without its own; or that it is gone, in trouble, or left out by a rule. */
  to(dir: string): IgnoreRules | DirectoryListing | 'left-out' {
    let rules: IgnoreRules = this.#rules;
    if (dir === '') return rules;
    let way = '';
    for (const name of dir.split('/')) {
      const above = this.#inside(way, rules);
      if (above === 'left-out') return above;
      if (!(above instanceof IgnoreRules)) return { ...above, dir };
      rules = above;
      way = way === '' ? name : `${way}/${name}`;
      const entry = this.#enter(way, name, rules);
      if (entry === 'left-out') return entry;
      if (entry !== null) return { ...entry, dir };
    }
    return rules;
  }

  #inside(dir: string, rules: IgnoreRules): IgnoreRules | DirectoryListing | 'left-out' {
    const known = this.#found.get(dir);
    if (known !== undefined) return known;
    const own = readIgnoreFile(rules, dir === '' ? this.#root : `${this.#root}/${dir}`, dir);
    const found = own instanceof IgnoreRules ? own : unreadDirectory(dir, own);
    this.#found.set(dir, found);
    return found;
  }

  /** Null when the directory can be entered. A link on the way is not followed. */
  #enter(dir: string, name: string, rules: IgnoreRules): DirectoryListing | 'left-out' | null {
    try {
      const stats = lstatSync(`${this.#root}/${dir}`, { throwIfNoEntry: false });
      if (stats === undefined) return goneDirectory(dir);
      if (stats.isSymbolicLink() || rules.ignores(dir, name, 'directory')) return 'left-out';
      return stats.isDirectory() ? null : goneDirectory(dir);
    } catch (error) {
      return errnoOf(error) === 'ENOTDIR' ? goneDirectory(dir) : unreadDirectory(dir, scanProblem('.', error));
    }
  }
}
