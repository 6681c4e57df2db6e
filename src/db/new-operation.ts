import type { OperationId } from '../core/ids.ts';
import { PRIORITIES, type OperationKind, type Priority } from '../core/operation.ts';
import type { EpochMs } from '../core/ports.ts';
import type { StoredOperation } from './stored-operation.ts';

/** What is needed to make an operation; everything else starts empty. */
export interface NewOperation {
  readonly id: OperationId;
  readonly kind: OperationKind;
  readonly priority: Priority;
  readonly lane: string;
  readonly target: string;
  /** Every resource that the operation changes; the first one is shown. */
  readonly resourceKeys: readonly string[];
  readonly spec: unknown;
  readonly sealed?: Uint8Array | null;
  readonly folder?: string | null;
  readonly path?: string | null;
  readonly destination?: string | null;
  readonly provider?: string | null;
  readonly contentType?: string | null;
  readonly bytesTotal?: number | null;
  readonly idempotencyScope?: string | null;
  readonly idempotencyKey?: string | null;
  readonly requestDigest?: string | null;
  readonly externalUrl?: string | null;
}

/** A row that nothing has happened to yet, as the schema's defaults have it. */
const EMPTY = {
  state: 'pending',
  parent: null,
  step: null,
  bytesDone: 0,
  attempts: 0,
  deaths: 0,
  leaseEpoch: null,
  leaseAttempt: 0,
  ending: null,
  dueAt: null,
  heldUntil: 0,
  error: null,
  memo: {},
  base: null,
  remote: null,
  verified: null,
  externalId: null,
  response: null,
  startedAt: null,
  completedAt: null,
} as const satisfies Partial<StoredOperation>;

/** The operation as its row will be. */
export function fresh(made: NewOperation, seq: number, now: EpochMs): StoredOperation {
  return {
    ...EMPTY,
    seq,
    id: made.id,
    kind: made.kind,
    priority: made.priority,
    lane: made.lane,
    folder: made.folder ?? null,
    path: made.path ?? null,
    destination: made.destination ?? null,
    provider: made.provider ?? null,
    target: made.target,
    resourceKey: made.resourceKeys[0] ?? null,
    spec: made.spec,
    sealed: made.sealed ?? null,
    contentType: made.contentType ?? null,
    bytesTotal: made.bytesTotal ?? null,
    idempotencyScope: made.idempotencyScope ?? null,
    idempotencyKey: made.idempotencyKey ?? null,
    requestDigest: made.requestDigest ?? null,
    externalUrl: made.externalUrl ?? null,
    createdAt: now,
    updatedAt: now,
  };
}

/** The columns of a new row that are not as the schema's defaults have them. */
export const INSERTED = [
  'seq',
  'id',
  'kind',
  'state',
  'priority',
  'lane',
  'folder',
  'path',
  'destination',
  'provider',
  'target',
  'resource_key',
  'spec',
  'sealed',
  'content_type',
  'bytes_total',
  'idempotency_scope',
  'idempotency_key',
  'request_digest',
  'external_url',
  'created_at',
  'updated_at',
] as const;

/** Their values, in that order. */
export function insertedValues(operation: StoredOperation): unknown[] {
  return [
    operation.seq,
    operation.id,
    operation.kind,
    operation.state,
    PRIORITIES.indexOf(operation.priority),
    operation.lane,
    operation.folder,
    operation.path,
    operation.destination,
    operation.provider,
    operation.target,
    operation.resourceKey,
    JSON.stringify(operation.spec),
    operation.sealed,
    operation.contentType,
    operation.bytesTotal,
    operation.idempotencyScope,
    operation.idempotencyKey,
    operation.requestDigest,
    operation.externalUrl,
    operation.createdAt,
    operation.updatedAt,
  ];
}
