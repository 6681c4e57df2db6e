import { type BigIntStats, lstatSync } from 'node:fs';
import type { ScanProblem } from '../core/ports.ts';
import { errnoOf } from './classify-fs.ts';
import { isOwnName } from './default-ignores.ts';
import { type DirectoryListing, listingDigest } from './directory-listing.ts';
import { type EntryNames, listNames } from './entry-names.ts';
import { FileColumns } from './file-columns.ts';
import { otherKind } from './file-stat.ts';
import { IGNORE_FILE, readIgnoreFile } from './ignore-file.ts';
import { IgnoreRules } from './ignore-rules.ts';
import { scanProblem } from './scan-problem.ts';

export interface ScanLimits {
  readonly maxFileSizeBytes: number;
  readonly minFileSizeBytes: number;
}

export interface DirectoryReading {
  readonly scanned: DirectoryListing;
  /** The rules that hold below, with those of the directory's own ignore file. */
  readonly rules: IgnoreRules;
}

/**
 * Reads one directory and judges each entry. `goOn` is called at each and throws to end the scan.
 * Never throws for what the system says: a directory that can't be read has `complete: false` and a problem named ".".
 */
export function scanDirectory(
  root: string,
  dir: string,
  inherited: IgnoreRules,
  limits: ScanLimits,
  goOn: () => void,
): DirectoryReading {
  const absolute = dir === '' ? root : `${root}/${dir}`;
  let listed: EntryNames;
  let volume: string;
  try {
    volume = volumeOf(absolute);
    listed = listNames(absolute);
    if (volumeOf(absolute) !== volume) {
      const detail = 'a drive was mounted or unmounted here during the scan';
      return { scanned: unreadDirectory(dir, { name: '.', code: 'local.io', detail }), rules: inherited };
    }
  } catch (error) {
    const gone = errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR';
    return { scanned: gone ? goneDirectory(dir) : unreadDirectory(dir, scanProblem('.', error)), rules: inherited };
  }
  const rules = listed.names.includes(IGNORE_FILE) ? readIgnoreFile(inherited, absolute, dir) : inherited;
  if (!(rules instanceof IgnoreRules)) return { scanned: unreadDirectory(dir, rules), rules: inherited };

  const sorting = new Sorting(dir, rules, limits);
  for (const name of listed.undecodable) {
    sorting.problems.push({ name, code: 'local.name-not-utf8', detail: 'the name is not valid UTF-8' });
  }
  for (const name of listed.names) {
    goOn();
    sorting.look(name, `${absolute}/${name}`);
  }
  return { scanned: sorting.result(volume), rules };
}

/** A directory that is not there any more. */
export function goneDirectory(dir: string): DirectoryListing {
  return { ...EMPTY, dir, files: new FileColumns(), complete: true, gone: true };
}

/** A directory of which nothing is known. */
export function unreadDirectory(dir: string, problem: ScanProblem): DirectoryListing {
  return { ...EMPTY, dir, files: new FileColumns(), problems: [problem], complete: false, gone: false };
}

const EMPTY = {
  subdirectories: [],
  problems: [],
  ignored: 0,
  ignoredNames: [],
  volume: '',
  digest: '',
} satisfies Partial<DirectoryListing>;

function volumeOf(absolute: string): string {
  return String(lstatSync(`${absolute}/.`, { bigint: true }).dev);
}

/** Sorts the entries of one directory into what is taken, walked, left out or in trouble. */
class Sorting {
  readonly problems: ScanProblem[] = [];
  readonly #dir: string;
  readonly #rules: IgnoreRules;
  readonly #limits: ScanLimits;
  readonly #files = new FileColumns();
  readonly #subdirectories: string[] = [];
  readonly #ignoredNames: string[] = [];

  constructor(dir: string, rules: IgnoreRules, limits: ScanLimits) {
    this.#dir = dir;
    this.#rules = rules;
    this.#limits = limits;
  }

  look(name: string, absolute: string): void {
    let stats: BigIntStats | undefined;
    try {
      stats = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      if (errnoOf(error) === 'ENOTDIR') return;
      this.problems.push(scanProblem(name, error));
      return;
    }
    // Gone since the listing: then it is not there.
    if (stats !== undefined) this.#judge(name, stats);
  }

  #judge(name: string, stats: BigIntStats): void {
    const directory = stats.isDirectory();
    const path = this.#dir === '' ? name : `${this.#dir}/${name}`;
    if (stats.isSymbolicLink() || this.#rules.ignores(path, name, directory ? 'directory' : 'file')) {
      this.#ignoredNames.push(name);
    } else if (directory) {
      this.#subdirectories.push(name);
    } else if (stats.isFile()) {
      this.#judgeSize(name, stats);
    } else {
      this.problems.push({ name, code: 'local.not-a-file', detail: otherKind(stats) });
    }
  }

  #judgeSize(name: string, stats: BigIntStats): void {
    const sizeBytes = Number(stats.size);
    const { maxFileSizeBytes, minFileSizeBytes } = this.#limits;
    if (sizeBytes < minFileSizeBytes) {
      this.#ignoredNames.push(name);
    } else if (sizeBytes > maxFileSizeBytes) {
      this.problems.push({ name, code: 'local.too-large', detail: `${sizeBytes} bytes of ${maxFileSizeBytes}` });
    } else {
      this.#files.add(name, stats);
    }
  }

  result(volume: string): DirectoryListing {
    const found = {
      dir: this.#dir,
      files: this.#files,
      subdirectories: this.#subdirectories,
      problems: this.problems,
      ignored: this.#ignoredNames.filter((name) => !isOwnName(name)).length,
      ignoredNames: this.#ignoredNames,
      volume,
    };
    return { ...found, digest: listingDigest(found), complete: true, gone: false };
  }
}
