import type { ErrorClass, ErrorCode } from './error-table.ts';

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
  'on-battery',
  'metered',
  'mass-delete',
  'folder-frozen',
  'not-configured',
] as const;
export type Gate = (typeof GATES)[number];

export interface OperationError {
  readonly code: ErrorCode;
  readonly class: ErrorClass;
  readonly message: string;
  readonly hint: string;
  /** Further words, redacted: the service's own where `detailFrom` says so, else the system's or ours. */
  readonly detail: string | null;
  readonly detailFrom?: 'service' | undefined;
}
