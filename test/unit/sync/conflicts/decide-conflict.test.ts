import { describe, expect, it } from 'vitest';
import {
  decideConflict,
  whyAsked,
  type ConflictFacts,
  type ConflictStrategy,
} from '../../../../src/sync/conflicts/decide-conflict.ts';

const OLD = 1_700_000_000_000;
const NEW = OLD + 60_000;

function decided(facts: Partial<ConflictFacts>): string {
  const decision = decideConflict({
    strategy: 'manual',
    here: 'edited',
    localTimeMs: NEW,
    remote: { mtimeMs: OLD, lastModified: OLD },
    skewMs: 0,
    ...facts,
  });
  return decision.kind === 'ask' ? `ask: ${decision.reason}` : `${decision.side}: ${decision.reason}`;
}

/** What each strategy makes of each situation: both changed, they deleted it, we deleted it. */
const TABLE: Readonly<Record<ConflictStrategy, readonly [changed: string, theyDeleted: string, weDeleted: string]>> = {
  manual: ['ask: strategy', 'ask: strategy', 'ask: strategy'],
  'local-wins': ['local: strategy', 'local: strategy', 'local: strategy'],
  'remote-wins': ['remote: strategy', 'remote: strategy', 'remote: strategy'],
  'keep-both': ['both: strategy', 'local: only-version', 'remote: only-version'],
  'newest-wins': ['local: local-newer', 'ask: time-unknown', 'ask: time-unknown'],
};

describe.each(Object.entries(TABLE) as [ConflictStrategy, (typeof TABLE)[ConflictStrategy]][])(
  'P4: %s',
  (strategy, [changed, theyDeleted, weDeleted]) => {
    it('decides when both sides changed it', () => {
      expect(decided({ strategy })).toBe(changed);
    });
    it('decides when they deleted it', () => {
      expect(decided({ strategy, remote: null })).toBe(theyDeleted);
    });
    it('decides when it is gone here and they changed it before', () => {
      expect(decided({ strategy, here: 'gone' })).toBe(weDeleted);
    });
  },
);

describe('newest-wins', () => {
  const strategy = 'newest-wins';

  it('takes the modification time that the other device recorded, to the millisecond', () => {
    const remote = { mtimeMs: NEW, lastModified: OLD };
    expect(decided({ strategy, localTimeMs: NEW + 1, remote })).toBe('local: local-newer');
    expect(decided({ strategy, localTimeMs: NEW - 1, remote })).toBe('remote: remote-newer');
    expect(decided({ strategy, localTimeMs: NEW + 0.7, remote })).toBe('ask: same-time');
  });

  it('else takes LastModified, whose resolution is a second', () => {
    const remote = { mtimeMs: null, lastModified: OLD };
    expect(decided({ strategy, localTimeMs: OLD + 1000, remote })).toBe('local: local-newer');
    expect(decided({ strategy, localTimeMs: OLD - 1000, remote })).toBe('remote: remote-newer');
    expect(decided({ strategy, localTimeMs: OLD + 999, remote })).toBe('ask: same-time');
    expect(decided({ strategy, localTimeMs: OLD - 999, remote })).toBe('ask: same-time');
  });

  it('corrects LastModified for the skew of the service’s clock, and nothing else', () => {
    const skewMs = 120_000;
    const ahead = { mtimeMs: null, lastModified: OLD + skewMs };
    expect(decided({ strategy, skewMs, localTimeMs: OLD + 5000, remote: ahead })).toBe('local: local-newer');
    expect(decided({ strategy, skewMs: 0, localTimeMs: OLD + 5000, remote: ahead })).toBe('remote: remote-newer');
    const recorded = { mtimeMs: OLD, lastModified: OLD + skewMs };
    expect(decided({ strategy, skewMs, localTimeMs: OLD - 5000, remote: recorded })).toBe('remote: remote-newer');
  });

  it('asks where no time is known', () => {
    expect(decided({ strategy, remote: { mtimeMs: null, lastModified: null } })).toBe('ask: time-unknown');
  });

  it('of a file that is gone: only a change after it was missed is surely the newest', () => {
    const here = 'gone';
    expect(decided({ strategy, here, localTimeMs: OLD, remote: { mtimeMs: NEW, lastModified: null } })).toBe(
      'remote: remote-newer',
    );
    expect(decided({ strategy, here, localTimeMs: NEW, remote: { mtimeMs: OLD, lastModified: null } })).toBe(
      'ask: time-unknown',
    );
  });
});

it('P11: what a strategy could not decide has a sentence; what nobody was to decide has none', () => {
  expect(whyAsked('same-time')).toMatch(/same time/);
  expect(whyAsked('time-unknown')).toMatch(/not known/);
  expect(whyAsked('strategy')).toBeNull();
});
