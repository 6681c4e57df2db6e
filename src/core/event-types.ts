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
  'resolved', // a conflict was decided, by a person or by the folder's strategy
  'undone', // a person took a decision back
  'compensating',
  'cancelling',
  'cancelled',
  'superseding',
  'superseded',
  'paused',
  'resumed',
  'file-trashed', // the folder's after-upload action
  'file-archived',
  'left-in-place', // an after-upload action that was not done, or not yet
  'upload-aborted', // a multipart upload that nobody needs any more
  'watchdog', // Longshore noticed that it slept, or that an attempt hung, and set it right
  'object-removed', // an object of Longshore's own that must not stay
  'folder-frozen', // its root is not as it was: nothing of it is concluded, sent or deleted
  'folder-thawed',
  'deletes-held', // more deletes at once than somebody may have meant
  'deletes-released', // the files are there again
  'deletes-decided', // a person's word on a mass delete, or on a mirror folder's root
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
