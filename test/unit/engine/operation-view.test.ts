import { describe, expect, it } from 'vitest';
import { GATES, OPERATION_KINDS, type Gate } from '../../../src/core/operation.ts';
import { STATES, type State } from '../../../src/core/states.ts';
import { FOREVER, type StoredOperation } from '../../../src/db/stored-operation.ts';
import { operationView, pauseScope, phaseOf, type ViewContext } from '../../../src/engine/operation-view.ts';
import { operationShape } from '../../../src/protocol/shapes.ts';
import { NOON } from '../../support/manual-clock.ts';
import { bringTo, makeOutbox, queueUpload } from '../../support/outbox.ts';

const CONTEXT: ViewContext = {
  now: NOON,
  laneGate: () => null,
  opensAt: () => null,
  liveBytes: () => null,
  bytesPerSecond: () => null,
  maxAttempts: () => 10,
};

function operationIn(state: State, patch: Partial<StoredOperation> = {}): StoredOperation {
  const outbox = makeOutbox();
  return { ...bringTo(outbox, queueUpload(outbox, 'a'), state), ...patch };
}

const view = (operation: StoredOperation, context: Partial<ViewContext> = {}) =>
  operationView(operation, { ...CONTEXT, ...context });

describe('phases', () => {
  const FILE: Readonly<Record<State, string>> = {
    pending: 'pending',
    running: 'uploading',
    waiting: 'pending',
    conflict: 'conflict',
    failed: 'failed',
    compensating: 'compensating',
    succeeded: 'ready',
    cancelled: 'ignored',
    superseded: 'superseded',
  };
  const CALL: Readonly<Record<State, string>> = {
    ...FILE,
    running: 'sending',
    succeeded: 'done',
    cancelled: 'cancelled',
  };

  const OWN: Readonly<Record<string, Partial<Record<State, string>>>> = {
    'file.delete': { running: 'deleting', succeeded: 'deleted' },
    'file.move': { running: 'copying' },
    'file.download': { running: 'downloading' },
  };

  it.each(STATES.flatMap((state) => OPERATION_KINDS.map((kind) => ({ state, kind }))))(
    'a $kind that is $state',
    ({ state, kind }) => {
      const expected = kind.startsWith('file.') ? FILE : CALL;
      expect(phaseOf({ ...operationIn(state), kind })).toBe(OWN[kind]?.[state] ?? expected[state]);
    },
  );
});

describe('P11: what Longshore does next, and when', () => {
  it.each(STATES)('is what the contract allows, for an operation that is %s', (state) => {
    const shown = view(operationIn(state));
    expect(operationShape.parse(shown)).toEqual(shown);
  });

  it('is said of all that has not ended, and of nothing that has', () => {
    const silent = STATES.filter((state) => view(operationIn(state)).next === null);
    expect(silent).toEqual(['running', 'compensating', 'succeeded', 'superseded']);
    expect(view(operationIn('running', { ending: 'cancelled' })).next).toMatch(/being stopped/);
  });

  it('is said for each gate in words of its own', () => {
    const sentences = GATES.map((gate) => view(operationIn('pending'), { laneGate: () => gate }).next);
    for (const sentence of sentences) expect(sentence).toMatch(/^(It|The) .+\.$/);
    const shared: readonly Gate[] = ['circuit-open', 'rate-limited'];
    expect(new Set(sentences).size).toBe(GATES.length - shared.length + 1);
  });

  it('names the attempt and its time', () => {
    const waiting = operationIn('waiting', { attempts: 3, dueAt: NOON + 5000 });
    expect(view(waiting).next).toBe('Attempt 4 of 10 starts at 2026-03-01T12:00:05Z.');
    expect(view(waiting).dueAt).toBe('2026-03-01T12:00:05.000Z');
  });

  it('names when an unreachable service is tried again', () => {
    const gated = { laneGate: () => 'unreachable' as const };
    expect(view(operationIn('pending'), { ...gated, opensAt: () => NOON + 2000 }).next).toContain('12:00:02');
    expect(view(operationIn('pending'), gated).next).toMatch(/being tried now/);
  });

  it('tells a pause of its own from one of the lane', () => {
    const timed = view(operationIn('pending', { heldUntil: NOON + 60_000 }));
    expect(timed).toMatchObject({ gate: 'paused', pausedUntil: '2026-03-01T12:01:00.000Z' });
    expect(timed.next).toBe('It is paused until 2026-03-01T12:01:00Z.');
    const held = view(operationIn('pending', { heldUntil: FOREVER }));
    expect(held).toMatchObject({ pausedUntil: 'forever', next: 'It starts when you resume.' });
    expect(view(operationIn('pending', { heldUntil: NOON }))).toMatchObject({ gate: null, pausedUntil: null });
    expect(view(operationIn('pending'), { laneGate: () => 'paused' }).pausedUntil).toBeNull();
  });
});

describe('progress', () => {
  it('is what is under way while it runs, else what is stored, and never more than the whole', () => {
    const live = { liveBytes: () => 60, bytesPerSecond: () => 20 };
    expect(view(operationIn('running', { bytesDone: 40 }), live)).toMatchObject({
      bytesDone: 60,
      bytesPerSecond: 20,
      etaSeconds: 2,
    });
    expect(view(operationIn('pending', { bytesDone: 40 }), live)).toMatchObject({
      bytesDone: 40,
      bytesPerSecond: null,
      etaSeconds: null,
    });
    expect(view(operationIn('running'), { liveBytes: () => 150 }).bytesDone).toBe(100);
    expect(view(operationIn('running', { bytesTotal: null }), { liveBytes: () => 150 }).bytesDone).toBe(150);
    expect(view(operationIn('running'), { liveBytes: () => 5, bytesPerSecond: () => 0 }).etaSeconds).toBeNull();
  });
});

describe('the scope of a pause', () => {
  it.each([
    [{}, { kind: 'scope', scope: 'all' }],
    [{ folder: 'drop' }, { kind: 'scope', scope: 'folder:drop' }],
    [{ provider: 'crm' }, { kind: 'scope', scope: 'provider:crm' }],
    [{ id: 'x' }, { kind: 'item', id: 'x' }],
  ])('%j', (asked, expected) => {
    expect(pauseScope(asked)).toEqual(expected);
  });
});
