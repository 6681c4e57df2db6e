import type { StateEvent } from './states.ts';

/** What the history tells, as it is stored and sent. Stable: rows live for months. */
export const EVENT_TYPES = [
  'queued',
  'started',
  'succeeded',
  'retry-scheduled',
  'failed',
  'conflict-found',
  'stopped', // a transfer came to rest at its checkpoint: pause, or the engine's end
  'unreachable', // the service could not be reached; no attempt counts
  'recovered', // the engine died while this ran
  'requeued',
  'retried', // a person asked
  'retry-now',
  'looked-at-again',
  'resolved',
  'compensating',
  'cancelling',
  'cancelled',
  'superseding',
  'superseded',
  'paused',
  'resumed',
  'upload-aborted', // a multipart upload that nobody needs any more
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** How a step of the lifecycle is told where nothing more telling is known. */
export const TOLD_AS = {
  lease: 'started',
  succeed: 'succeeded',
  'retry-later': 'retry-scheduled',
  fail: 'failed',
  conflict: 'conflict-found',
  release: 'stopped',
  requeue: 'requeued',
  compensate: 'compensating',
  cancel: 'cancelled',
  supersede: 'superseded',
} as const satisfies Record<StateEvent, EventType>;
