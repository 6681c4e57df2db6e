import { describe, expect, it } from 'vitest';
import {
  holdsKeys,
  isTerminal,
  nextState,
  STATE_EVENTS,
  STATES,
  TERMINAL_STATES,
  TRANSITIONS,
  type State,
  type StateEvent,
} from '../../../src/core/states.ts';

/** The table of the design, word for word: what each state may become. */
const MAY_BECOME: Readonly<Record<State, readonly State[]>> = {
  pending: ['running', 'failed', 'compensating', 'cancelled', 'superseded'],
  running: ['succeeded', 'waiting', 'failed', 'conflict', 'compensating', 'cancelled', 'superseded', 'pending'],
  waiting: ['running', 'failed', 'compensating', 'cancelled', 'superseded'],
  conflict: ['pending', 'succeeded', 'compensating', 'cancelled', 'superseded'],
  failed: ['pending', 'compensating', 'cancelled', 'superseded'],
  compensating: ['failed', 'cancelled'],
  succeeded: [],
  cancelled: [],
  superseded: [],
};

/** Where each event leads, wherever it is legal at all. */
const LEADS_TO: Readonly<Record<StateEvent, State>> = {
  lease: 'running',
  succeed: 'succeeded',
  'retry-later': 'waiting',
  fail: 'failed',
  conflict: 'conflict',
  release: 'pending',
  requeue: 'pending',
  compensate: 'compensating',
  cancel: 'cancelled',
  supersede: 'superseded',
};

/** Two events lead to `pending`: one leaves a lease, the other a decision of a person. */
const ONLY_FROM: Partial<Record<StateEvent, readonly State[]>> = {
  release: ['running'],
  requeue: ['conflict', 'failed'],
};

function expected(state: State, event: StateEvent): State | null {
  if (ONLY_FROM[event]?.includes(state) === false) return null;
  return MAY_BECOME[state].includes(LEADS_TO[event]) ? LEADS_TO[event] : null;
}

const pairs = STATES.flatMap((state) => STATE_EVENTS.map((event) => ({ state, event, to: expected(state, event) })));

describe('the lifecycle of an operation', () => {
  it.each(pairs)('$state + $event → $to', ({ state, event, to }) => {
    expect(nextState(state, event)).toBe(to);
  });

  it.each(STATES)('lets %s become exactly what the design says', (state) => {
    const reachable = new Set(STATE_EVENTS.map((event) => nextState(state, event)).filter((to) => to !== null));
    expect([...reachable].toSorted()).toEqual([...MAY_BECOME[state]].toSorted());
  });

  it('is one table, and the function reads it', () => {
    for (const { state, event } of pairs) {
      const row: Partial<Record<StateEvent, State>> = TRANSITIONS[state];
      expect(nextState(state, event)).toBe(row[event] ?? null);
    }
  });

  it('ends for good in the terminal states alone', () => {
    const dead = STATES.filter((state) => STATE_EVENTS.every((event) => nextState(state, event) === null));
    expect(dead).toEqual([...TERMINAL_STATES]);
    expect(STATES.filter(isTerminal)).toEqual([...TERMINAL_STATES]);
  });

  it('never leads a state to itself: what does not move is no step', () => {
    for (const { state, event } of pairs) expect(nextState(state, event)).not.toBe(state);
  });

  it('P8: keeps resources until an operation has failed or ended', () => {
    expect(STATES.filter(holdsKeys)).toEqual(['pending', 'running', 'waiting', 'conflict', 'compensating']);
  });
});
