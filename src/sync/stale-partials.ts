import { isTerminal } from '../core/states.ts';
import type { LocalChanges } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import { PARTIAL_PREFIX } from '../watch/default-ignores.ts';
import { joinPath } from './paths.ts';

/** More in one directory than this are a matter for the next scan. */
const MAX_AT_ONCE = 100;

export interface StalePartialsDeps {
  readonly repos: Repositories;
  readonly changes: Pick<LocalChanges, 'removePartial'>;
  /** A file that can't be removed: it is met again by the next scan. */
  readonly onTrouble: (path: string, error: unknown) => void;
}

/**
 * Takes away what a download of ours left that has ended without an executor: cancelled or superseded before it ran, say.
 * Partial files of operations that nothing here knows may be another Longshore's, and stay.
 */
export function removeStalePartials(
  { repos, changes, onTrouble }: StalePartialsDeps,
  root: string,
  dir: string,
  ignoredNames: readonly string[],
): void {
  let removed = 0;
  for (const name of ignoredNames) {
    if (!name.startsWith(PARTIAL_PREFIX)) continue;
    const token = name.slice(PARTIAL_PREFIX.length);
    const operation = repos.operations.byId(token);
    if (operation === null || !isTerminal(operation.state)) continue;
    const path = `${root}/${joinPath(dir, name)}`;
    changes.removePartial(path, token).catch((error: unknown) => {
      onTrouble(path, error);
    });
    removed += 1;
    if (removed === MAX_AT_ONCE) return;
  }
}
