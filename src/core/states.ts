/** The lifecycle of an operation (DESIGN section 5) as one table and one pure function. */

export const STATES = [
  'pending',
  'running',
  'waiting',
  'conflict',
  'failed',
  'compensating',
  'succeeded',
  'cancelled',
  'superseded',
] as const;
export type State = (typeof STATES)[number];

/** What may happen to an operation. Each names the decision, not the resulting state. */
export const STATE_EVENTS = [
  'lease', // an executor takes it
  'succeed',
  'retry-later', // a retry or a poll is due at a stored time
  'fail', // permanent error, or attempts exhausted
  'conflict',
  'release', // pause or crash recovery: back to the queue, no attempt counted
  'requeue', // a person retries, or a conflict got a resolution that sends again
  'compensate',
  'cancel',
  'supersede',
] as const;
export type StateEvent = (typeof STATE_EVENTS)[number];

const ENDINGS = { cancel: 'cancelled', supersede: 'superseded', compensate: 'compensating' } as const;

/** For each state the events that may happen to it, and the state that each leads to. What is absent is illegal. */
export const TRANSITIONS = {
  pending: { lease: 'running', fail: 'failed', ...ENDINGS },
  running: {
    succeed: 'succeeded',
    'retry-later': 'waiting',
    fail: 'failed',
    conflict: 'conflict',
    release: 'pending',
    ...ENDINGS,
  },
  waiting: { lease: 'running', fail: 'failed', ...ENDINGS },
  conflict: { requeue: 'pending', succeed: 'succeeded', ...ENDINGS },
  failed: { requeue: 'pending', ...ENDINGS },
  compensating: { fail: 'failed', cancel: 'cancelled' },
  succeeded: {},
  cancelled: {},
  superseded: {},
} as const satisfies Record<State, Partial<Record<StateEvent, State>>>;

/** The state that `event` leads to from `state`, or null where the table forbids it. */
export function nextState(state: State, event: StateEvent): State | null {
  const row: Partial<Record<StateEvent, State>> = TRANSITIONS[state];
  return row[event] ?? null;
}

export const TERMINAL_STATES = ['succeeded', 'cancelled', 'superseded'] as const satisfies readonly State[];

export function isTerminal(state: State): boolean {
  return (TERMINAL_STATES as readonly State[]).includes(state);
}

/** States in which an operation keeps its resources to itself. A pending one holds its place in the order as well. */
export function holdsKeys(state: State): boolean {
  return state !== 'failed' && !isTerminal(state);
}
