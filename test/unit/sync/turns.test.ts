import { describe, expect, it } from 'vitest';
import type { Repositories } from '../../../src/db/repositories.ts';
import { inTurns, type Steps } from '../../../src/sync/turns.ts';
import { systemClock } from '../../support/system-clock.ts';

function* work(steps: number, cost: number): Steps<string> {
  for (let step = 0; step < steps; step += 1) yield cost;
  return 'done';
}

describe('work in turns', () => {
  it('P1: tells of each turn after its transaction, also of the last, so that what it queued may start', async () => {
    const log: string[] = [];
    const repos = {
      transaction: <T>(run: () => T): T => {
        const result = run();
        log.push('committed');
        return result;
      },
    } as Pick<Repositories, 'transaction'> as Repositories;
    const deps = { repos, clock: systemClock };
    const result = await inTurns(deps, new AbortController().signal, work(3, 2000), () => log.push('told'));
    expect(result).toBe('done');
    expect(log).toEqual(['committed', 'told', 'committed', 'told']);
  });
});
