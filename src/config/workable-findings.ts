import { formatKey, type KeyPath } from './key-path.ts';
import type { ConfigSource } from './load-config.ts';
import { sortProblems, type ConfigProblem } from './problem.ts';

/** Valid, but can't work now: that one folder, destination or provider stays frozen, the others run (P10). */
export interface WorkableFinding extends ConfigProblem {
  readonly code:
    | 'folder-missing'
    | 'folder-silent'
    | 'folder-not-a-directory'
    | 'folder-unreadable'
    | 'folder-contains-data'
    | 'folder-contains-archive'
    | 'key-space-overlap'
    | 'secret-missing'
    | 'secret-malformed'
    | 'env-missing'
    | 'env-malformed'
    | 'value-malformed'
    | 'profile-missing';
  readonly subject: { readonly kind: 'folder' | 'destination' | 'provider'; readonly name: string };
}

export type Report = (
  subject: WorkableFinding['subject'],
  code: WorkableFinding['code'],
  path: KeyPath,
  message: string,
  hint: string,
) => void;

/** Collects findings, each with its place in the file. */
export class Findings {
  readonly #source: ConfigSource;
  readonly #found: WorkableFinding[] = [];

  constructor(source: ConfigSource) {
    this.#source = source;
  }

  readonly report: Report = (subject, code, path, message, hint) => {
    const { file, positions } = this.#source;
    this.#found.push({ file, ...positions.value(path), key: formatKey(path), message, hint, code, subject });
  };

  /** By line. */
  sorted(): readonly WorkableFinding[] {
    return sortProblems(this.#found);
  }
}
