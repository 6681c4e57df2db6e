import type { Repositories } from '../db/repositories.ts';
import { endAsTold, errorOfCode } from '../sync/settle.ts';

/** An operation that ran at this many consecutive deaths of the engine is set aside (DESIGN section 5, poison). */
export const MAX_DEATHS = 3;

/** Reclaims what an engine that died left running. Call once per start, before anything is leased. */
export function recover(repos: Repositories): { readonly released: number; readonly poisoned: number } {
  return repos.transaction(() => {
    let released = 0;
    let poisoned = 0;
    for (const operation of repos.operations.running()) {
      const deaths = operation.deaths + 1;
      if (operation.ending !== null) {
        endAsTold(repos, operation, { deaths });
      } else if (deaths >= MAX_DEATHS) {
        repos.operations.transition(
          operation,
          'fail',
          { deaths: 0, error: errorOfCode('internal.crash-loop') },
          { details: { deaths } },
        );
        poisoned += 1;
      } else {
        repos.operations.transition(operation, 'release', { deaths }, { type: 'recovered', details: { deaths } });
        released += 1;
      }
    }
    return { released, poisoned };
  });
}
