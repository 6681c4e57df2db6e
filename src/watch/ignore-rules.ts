import ignore, { type Ignore } from 'ignore';
import { anchorPattern } from './anchor-pattern.ts';
import { ignoredByDefault } from './default-ignores.ts';

/** The matcher remembers every path it was asked about; it is made anew after so many, so that memory stays bounded. */
const TESTS_PER_MATCHER = 20_000;

/** An ignore file beyond these is taken as damaged, not as rules. */
export const IGNORE_FILE_MAX_BYTES = 1024 * 1024;
const PATTERNS_MAX = 10_000;

/** git's `core.ignorecase`: as the usual file system of the platform has it. */
const IGNORE_CASE = process.platform === 'win32' || process.platform === 'darwin';

/**
 * The rules that hold in one directory and, unless a nested ignore file adds to them, below it. The last rule that
 * matches wins, in this order: defaults, ignore files from the root downwards, the folder's own patterns. As in git,
 * nothing below an ignored directory can be brought back; callers don't descend into one.
 */
export class IgnoreRules {
  readonly #files: Ignore | null;
  readonly #folder: Ignore | null;
  #matcher: Ignore | null;
  #tests = 0;

  private constructor(files: Ignore | null, folder: Ignore | null) {
    this.#files = files;
    this.#folder = folder;
    this.#matcher = combine(files, folder);
  }

  /** The rules at a folder's root, before its ignore file is read. */
  static ofFolder(patterns: readonly string[]): IgnoreRules {
    return new IgnoreRules(null, compile(patterns));
  }

  /** These rules with those of the ignore file in `dir`. */
  withFile(dir: string, text: string): IgnoreRules {
    const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
    const patterns = lines.map((line) => anchorPattern(line, dir)).filter((pattern) => pattern !== null);
    const own = compile(patterns);
    return own === null ? this : new IgnoreRules(combine(this.#files, own), this.#folder);
  }

  /** `path` is relative to the root; `name` is its last part. */
  ignores(path: string, name: string, kind: 'file' | 'directory'): boolean {
    const byDefault = ignoredByDefault(name);
    if (this.#matcher === null) return byDefault;
    if (++this.#tests > TESTS_PER_MATCHER) {
      this.#matcher = combine(this.#files, this.#folder);
      this.#tests = 0;
    }
    const verdict = this.#matcher?.test(kind === 'directory' ? `${path}/` : path);
    if (verdict?.ignored === true) return true;
    return byDefault && verdict?.unignored !== true;
  }
}

function combine(first: Ignore | null, second: Ignore | null): Ignore | null {
  if (first === null && second === null) return null;
  const both = ignore({ ignorecase: IGNORE_CASE });
  if (first !== null) both.add(first);
  if (second !== null) both.add(second);
  return both;
}

function compile(patterns: readonly string[]): Ignore | null {
  if (patterns.length === 0) return null;
  const compiled = ignore({ ignorecase: IGNORE_CASE });
  let any = false;
  for (const pattern of patterns.slice(0, PATTERNS_MAX)) {
    try {
      const rule = ignore({ ignorecase: IGNORE_CASE }).add([pattern]);
      // Patterns become regular expressions at their first use; one that can't must not end a scan.
      rule.test('x');
      compiled.add(rule);
      any = true;
    } catch {
      continue;
    }
  }
  return any ? compiled : null;
}
