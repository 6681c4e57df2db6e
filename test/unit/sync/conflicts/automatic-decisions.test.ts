import { describe, expect, it } from 'vitest';
import type { ConflictStrategy } from '../../../../src/config/config-types.ts';
import { AutomaticDecisions } from '../../../../src/sync/conflicts/automatic-decisions.ts';
import type { ConflictRules, FoundConflict } from '../../../../src/sync/conflicts/conflict-rules.ts';
import { DEFAULT_RETRY_POLICY } from '../../../../src/resilience/retry-policy.ts';
import { settle } from '../../../../src/sync/settle.ts';
import { conflictBench, MINE, THEIR_MTIME, THEIRS } from '../../../support/conflicts.ts';
import { must, uploadSpecFor } from '../../../support/outbox.ts';

const FOUND: FoundConflict = { code: 'conflict.changed', base: MINE, remote: THEIRS };

/** An upload that runs in a folder of this strategy; `localMtimeMs` is that of its file. */
function makeBench(strategy: ConflictStrategy, rules: Partial<ConflictRules> = {}, localMtimeMs = 0, attempts = 0) {
  const made = { spec: uploadSpecFor('drop/sub/a.txt', { mtimeMs: localMtimeMs }) };
  const bench = conflictBench({ strategy, ...rules }, { attempts }, made, 'running');
  const decisions = new AutomaticDecisions(bench.deps);
  const settleWith = (found: FoundConflict) => {
    const { repos, random, clock } = bench.outbox;
    const outcome = decisions.outcome(bench.operation, found);
    return repos.transaction(() => settle(repos, bench.operation, outcome, DEFAULT_RETRY_POLICY, random, clock.now()));
  };
  const events = () => bench.outbox.repos.events.latestOf(bench.operation.id, 100).map(({ type }) => type);
  return { ...bench, decisions, settleWith, events };
}

describe('P4: ours wins by the folder’s strategy', () => {
  it('goes on under the version that was met, and tells it like a person’s choice', () => {
    const { decisions, operation, now, file, events, lastEvent } = makeBench('local-wins');
    expect(decisions.localWins(operation, FOUND)).toBe(true);
    expect(now()).toMatchObject({ state: 'running', base: MINE, remote: THEIRS });
    expect(file()).toMatchObject({ base: { etag: 'theirs', versionId: 'v2' }, checksum: null });
    expect(events().slice(-2)).toEqual(['conflict-found', 'resolved']);
    expect(lastEvent()).toMatchObject({
      source: 'internal',
      details: { keep: 'local', strategy: 'local-wins', reason: 'strategy', base: MINE, remote: THEIRS },
    });
  });

  it.each(['manual', 'keep-both', 'remote-wins'] as const)('never where the strategy is %s', (strategy) => {
    const { decisions, operation, now, file } = makeBench(strategy);
    expect(decisions.localWins(operation, FOUND)).toBe(false);
    expect(now()).toEqual(operation);
    expect(file().base?.etag).toBe('base');
  });

  it('newest-wins: where our file is the newer one', () => {
    const newer = makeBench('newest-wins', {}, THEIR_MTIME + 1);
    expect(newer.decisions.localWins(newer.operation, FOUND)).toBe(true);
    expect(newer.lastEvent().details).toMatchObject({ strategy: 'newest-wins', reason: 'local-newer' });
    const older = makeBench('newest-wins', {}, THEIR_MTIME - 1);
    expect(older.decisions.localWins(older.operation, FOUND)).toBe(false);
  });

  it('changes nothing when the lease is gone, or the item is to end', () => {
    const { decisions, operation, outbox, file } = makeBench('local-wins');
    outbox.repos.operations.amend(operation, { ending: 'cancelled' });
    expect(decisions.localWins(operation, FOUND)).toBe(false);
    outbox.repos.operations.transition(must(outbox.repos.operations.bySeq(operation.seq)), 'release');
    expect(decisions.localWins(operation, FOUND)).toBe(false);
    expect(file().base?.etag).toBe('base');
  });
});

describe('P4: the outcome of an attempt that met a conflict', () => {
  it('manual: it waits for a person', () => {
    const { settleWith, now } = makeBench('manual');
    settleWith(FOUND);
    expect(now()).toMatchObject({ state: 'conflict', base: MINE, remote: THEIRS, error: { detail: null } });
  });

  it('remote-wins: ends succeeded, with both steps in the history', () => {
    const { settleWith, now, events, lastEvent } = makeBench('remote-wins');
    expect(settleWith(FOUND)).toMatchObject({ kind: 'settled', operation: { state: 'succeeded' } });
    expect(now()).toMatchObject({ state: 'succeeded', error: null });
    expect(events().slice(-2)).toEqual(['conflict-found', 'resolved']);
    expect(lastEvent()).toMatchObject({ source: 'internal', details: { keep: 'remote', strategy: 'remote-wins' } });
  });

  it('remote-wins in mirror mode: theirs is brought here', () => {
    const { settleWith, others } = makeBench('remote-wins', { mode: 'mirror' });
    settleWith(FOUND);
    expect(others()).toMatchObject([{ kind: 'file.download', spec: { etag: 'theirs', reason: 'keep-remote' } }]);
  });

  it('keep-both: goes on under its own name, with the budget it had', () => {
    const { settleWith, now } = makeBench('keep-both', {}, 0, 2);
    settleWith(FOUND);
    expect(now()).toMatchObject({ state: 'pending', attempts: 3, error: null, spec: { beside: true } });
  });

  it('P11: newest-wins that can not decide says why', () => {
    const { settleWith, now } = makeBench('newest-wins', {}, THEIR_MTIME);
    settleWith(FOUND);
    expect(now()).toMatchObject({ state: 'conflict', error: { detail: expect.stringMatching(/same time/) as string } });
  });

  it('P11: a strategy that can not be carried out leaves it to a person, and says why', () => {
    const key = `${'d/'.repeat(505)}a.txt`;
    const bench = conflictBench({ strategy: 'keep-both' }, {}, { target: key, spec: uploadSpecFor(key) }, 'running');
    const { repos, random, clock } = bench.outbox;
    const outcome = new AutomaticDecisions(bench.deps).outcome(bench.operation, FOUND);
    repos.transaction(() => settle(repos, bench.operation, outcome, DEFAULT_RETRY_POLICY, random, clock.now()));
    expect(bench.now()).toMatchObject({
      state: 'conflict',
      error: { detail: expect.stringMatching(/too long/) as string },
    });
  });

  it('two that overwrite each other come to an end: after so many attempts a person is asked', () => {
    const { settleWith, now } = makeBench('local-wins', {}, 0, 19);
    settleWith(FOUND);
    expect(now()).toMatchObject({
      state: 'conflict',
      error: { detail: expect.stringMatching(/again and again/) as string },
    });
    const once = makeBench('local-wins', {}, 0, 1);
    once.settleWith(FOUND);
    expect(once.now()).toMatchObject({ state: 'pending', attempts: 2 });
  });
});
