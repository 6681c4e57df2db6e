import type { ErrorClass, ErrorCode } from './error-table.ts';
import type { OperationId } from './ids.ts';
import type { EpochMs } from './ports.ts';
import type { State } from './states.ts';

export const OPERATION_KINDS = [
  'file.upload',
  'file.delete',
  'file.move',
  'file.download',
  'api.call',
  'flow.run',
] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

export const PRIORITIES = ['critical', 'high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** A reason why nothing starts (DESIGN section 1). */
export const GATES = [
  'paused',
  'offline',
  'unreachable',
  'circuit-open',
  'schedule-closed',
  'rate-limited',
  'disk-low',
  'folder-frozen',
  'not-configured',
] as const;
export type Gate = (typeof GATES)[number];

export interface OperationError {
  readonly code: ErrorCode;
  readonly class: ErrorClass;
  readonly message: string;
  readonly hint: string;
  /** The service's or system's own words, redacted. */
  readonly detail: string | null;
}

/** What all shells see of an operation (CONTRACT.md, `ls`). Times are epoch ms here, ISO 8601 at the border. */
export interface Operation {
  readonly id: OperationId;
  readonly kind: OperationKind;
  readonly state: State;
  /** What people read: pending, uploading, uploaded, processing, ready, failed, conflict, ignored; calls: sending, done. */
  readonly phase: string;
  readonly resourceKey: string | null;
  readonly folder: string | null;
  readonly path: string | null;
  readonly priority: Priority;
  readonly contentType: string | null;
  readonly bytesTotal: number | null;
  readonly bytesDone: number;
  readonly attempts: number;
  readonly dueAt: EpochMs | null;
  readonly gate: Gate | null;
  readonly error: OperationError | null;
  readonly externalId: string | null;
  readonly externalUrl: string | null;
  readonly createdAt: EpochMs;
  readonly startedAt: EpochMs | null;
  readonly updatedAt: EpochMs;
  readonly completedAt: EpochMs | null;
}
