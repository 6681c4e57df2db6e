import { describe, expect, test } from 'vitest';
import type { EventView, OperationDetail } from '../../../src/protocol/shapes.ts';
import { decisionWords } from '../../../renderer/i18n/decision-words.ts';
import { languageFor } from '../../../renderer/i18n/language.ts';
import { decisionOf } from '../../../renderer/state/decision.ts';
import { namedOperation, NOW } from '../../support/protocol-fixtures.ts';

const english = languageFor('en-US');
const chinese = languageFor('zh-CN');
const THEIRS = { etag: '"theirs"', versionId: 'v7', sizeBytes: 5 };
const OURS = { fingerprint: 'f', sizeBytes: 4, mtimeMs: 1 };

function event(seq: number, type: string, details: Record<string, unknown> = {}): EventView {
  return {
    seq,
    id: `event-${seq}`,
    operationId: 'a',
    resourceKey: null,
    type,
    from: null,
    to: null,
    at: NOW,
    source: 'internal',
    correlationId: null,
    details,
  };
}

function resolved(details: Record<string, unknown>, change: Partial<OperationDetail> = {}): OperationDetail {
  const events = [event(2, 'resolved', { strategy: null, reason: null, remote: THEIRS, local: OURS, ...details })];
  return {
    ...namedOperation('a', { state: 'succeeded' }),
    // Not in order: the engine promises none.
    events: [...events, event(1, 'conflict-found')],
    parts: [],
    steps: [],
    versions: { base: null, remote: null, local: null },
    response: null,
    ...change,
  };
}

describe('the decision about a conflict', () => {
  test('is found in the history; without one there is none', () => {
    expect(decisionOf({ ...resolved({}), events: [event(1, 'queued')] })).toBeNull();
    expect(decisionOf(resolved({ keep: 'local' }))).toMatchObject({ keep: 'local', strategy: null, canUndo: true });
  });

  test('names the strategy and its reason', () => {
    const decision = decisionOf(resolved({ keep: 'remote', strategy: 'newest-wins', reason: 'remote-newer' }));
    expect(decision).not.toBeNull();
    if (decision === null) return;
    expect(decisionWords(decision, english)).toBe(
      'Decided by the folder’s strategy “newest wins”: the stored version stays, because it is newer.',
    );
    expect(decisionWords(decision, chinese)).toBe('由文件夹的策略“最新优先”决定：保留存储中的版本，因为它更新。');
    expect(decisionWords({ ...decision, strategy: null, reason: null }, english)).toBe(
      'Decided by you: the stored version stays.',
    );
  });

  test('the latest counts', () => {
    const detail = resolved({ keep: 'local' });
    const later = event(9, 'resolved', { keep: 'remote', strategy: null, remote: THEIRS, local: OURS });
    expect(decisionOf({ ...detail, events: [later, ...detail.events] })?.keep).toBe('remote');
  });

  test('undo is offered only where something can come back', () => {
    const offered = (details: Record<string, unknown>, change: Partial<OperationDetail> = {}) =>
      decisionOf(resolved(details, change))?.canUndo;
    expect(offered({ keep: 'local' })).toBe(true);
    expect(offered({ keep: 'remote' })).toBe(true);
    // Nothing was replaced.
    expect(offered({ keep: 'both' })).toBe(false);
    // The bucket keeps no old versions.
    expect(offered({ keep: 'local', remote: { ...THEIRS, versionId: 'null' } })).toBe(false);
    expect(offered({ keep: 'local', remote: { ...THEIRS, versionId: null } })).toBe(false);
    // They had deleted it: there is no version.
    expect(offered({ keep: 'local', remote: null })).toBe(false);
    expect(offered({ keep: 'remote', local: null })).toBe(false);
    expect(offered({ keep: 'remote', discards: true })).toBe(false);
    // Theirs came here: ours is a file of its own.
    expect(offered({ keep: 'remote', download: 'b' })).toBe(false);
    expect(offered({ keep: 'local' }, { state: 'running' })).toBe(false);
    expect(offered({ keep: 'local' }, { kind: 'api.call' })).toBe(false);
  });

  test('where theirs came here it says where ours is', () => {
    expect(decisionOf(resolved({ keep: 'remote', download: 'b' }))?.keptBeside).toBe(true);
    expect(decisionOf(resolved({ keep: 'remote', download: 'b', local: null }))?.keptBeside).toBe(false);
    expect(decisionOf(resolved({ keep: 'remote' }))?.keptBeside).toBe(false);
  });

  test('where theirs stays only until the next change here it says so', () => {
    const until = (details: Record<string, unknown>) => decisionOf(resolved(details))?.untilNextChange;
    expect(until({ keep: 'both' })).toBe(true);
    expect(until({ keep: 'remote' })).toBe(true);
    expect(until({ keep: 'local' })).toBe(false);
    // Theirs came here; theirs is gone; ours goes.
    expect(until({ keep: 'remote', download: 'b' })).toBe(false);
    expect(until({ keep: 'remote', remote: null })).toBe(false);
    expect(until({ keep: 'remote', discards: true })).toBe(false);
  });

  test('once taken back it says so, and by what', () => {
    const detail = resolved({ keep: 'local' });
    const undone = event(3, 'undone', { operation: 'b' });
    expect(decisionOf({ ...detail, events: [...detail.events, undone] })).toMatchObject({
      takenBack: true,
      undoneBy: 'b',
      canUndo: false,
    });
  });
});
