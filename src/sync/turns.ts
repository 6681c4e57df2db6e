import type { Clock } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';

/**
 * Work in small steps. Each yields what it cost: 1 is a row that was looked at, 5 to 10 µs. An operation that is made
 * costs about QUEUE_COST of that.
 */
export type Steps<T> = Generator<number, T, void>;
export const QUEUE_COST = 12;

/**
 * What one transaction takes in: ten to twenty milliseconds, so that nothing waits long for the engine's thread, and the
 * wait for the disk at its end is a small part.
 */
const TURN_COST = 2500;

/** Does the work in transactions of bounded length, and lets the engine do its other work between them: `onTurn` tells of each. */
export async function inTurns<T>(
  deps: { readonly repos: Repositories; readonly clock: Clock },
  signal: AbortSignal,
  steps: Steps<T>,
  onTurn: () => void = () => undefined,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const turn = deps.repos.transaction(() => {
      let cost = 0;
      for (;;) {
        const step = steps.next();
        if (step.done === true) return step;
        cost += step.value;
        if (cost >= TURN_COST) return step;
      }
    });
    onTurn();
    if (turn.done === true) return turn.value;
    await new Promise<void>((resolve) => {
      deps.clock.defer(resolve);
    });
  }
}

/** All steps at once, in the caller's transaction. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
