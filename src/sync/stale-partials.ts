import { isTerminal } from '../core/states.ts';
import type { LocalChanges } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import { PARTIAL_PREFIX } from '../watch/default-ignores.ts';
import { joinPath, splitPath } from './paths.ts';

/** More in one directory than this are a matter for the next scan. */
const MAX_AT_ONCE = 100;
/** Ended downloads that are read at a time. */
const PAGE = 100;

export interface StalePartialsDeps {
  readonly repos: Repositories;
  readonly changes: Pick<LocalChanges, 'removePartial'>;
  /** A file that can't be removed: the next full scan comes to it again. */
  readonly onTrouble: (path: string, error: unknown) => void;
}

/**
 * Takes away what downloads into one folder left that have ended without an executor: cancelled or superseded before it ran,
 * say. Partial files of operations that nothing here knows may be another Longshore's, and stay.
 */
export class StalePartials {
  readonly #folder: string;
  readonly #root: string;
  readonly #deps: StalePartialsDeps;
  #sweeping = false;

  constructor(folder: string, root: string, deps: StalePartialsDeps) {
    this.#folder = folder;
    this.#root = root;
    this.#deps = deps;
  }

  /** A scan met these names in the directory, which rules leave out. */
  met(dir: string, ignoredNames: readonly string[]): void {
    const { repos } = this.#deps;
    let removed = 0;
    for (const name of ignoredNames) {
      if (!name.startsWith(PARTIAL_PREFIX)) continue;
      const token = name.slice(PARTIAL_PREFIX.length);
      const operation = repos.operations.byId(token);
      if (operation === null || !isTerminal(operation.state)) continue;
      void this.#remove(joinPath(dir, name), token);
      removed += 1;
      if (removed === MAX_AT_ONCE) return;
    }
  }

  /**
   * A full scan has ended, and a rule may have kept it out of the directory of a download that ended: nobody will meet the
   * partial file there. One sweep at a time; it resolves when it has been everywhere.
   */
  async sweep(met: (dir: string) => boolean, signal: AbortSignal): Promise<void> {
    if (this.#sweeping) return;
    this.#sweeping = true;
    try {
      const { queue } = this.#deps.repos;
      for (let page = queue.endedDownloads(this.#folder, 0, PAGE); page.length > 0;) {
        for (const { id, path } of page) {
          if (met(splitPath(path).dir)) continue;
          await this.#remove(path, id);
          if (signal.aborted) return;
        }
        page = queue.endedDownloads(this.#folder, page.at(-1)?.seq ?? 0, PAGE);
      }
    } finally {
      this.#sweeping = false;
    }
  }

  async #remove(path: string, token: string): Promise<void> {
    const file = `${this.#root}/${path}`;
    await this.#deps.changes.removePartial(file, token).catch((error: unknown) => {
      this.#deps.onTrouble(file, error);
    });
  }
}
