import type { OperationId } from '../core/ids.ts';
import { PRIORITIES, type OperationError, type OperationKind, type Priority } from '../core/operation.ts';
import type { EpochMs } from '../core/ports.ts';
import type { State } from '../core/states.ts';

/** A remote version with the facts that people compare: what `versions` shows. */
export interface StoredVersion {
  readonly etag: string;
  readonly versionId: string | null;
  readonly sizeBytes: number | null;
  readonly lastModified: EpochMs | null;
  /** The object's own metadata, kept of a version that was met in a conflict: who wrote it, and what an undo brings back. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface StoredResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly truncated: boolean;
}

/** Held (paused by itself) without an end. */
export const FOREVER: EpochMs = Number.MAX_SAFE_INTEGER;

/** One row of the outbox. */
export interface StoredOperation {
  readonly seq: number;
  readonly id: OperationId;
  readonly kind: OperationKind;
  readonly state: State;
  readonly priority: Priority;
  /** The bulkhead: `folder:NAME`, `provider:NAME` or `calls`. */
  readonly lane: string;
  readonly folder: string | null;
  readonly path: string | null;
  readonly destination: string | null;
  readonly provider: string | null;
  readonly parent: OperationId | null;
  readonly step: string | null;
  /** The object key, or method and URL. */
  readonly target: string;
  readonly resourceKey: string | null;
  readonly spec: unknown;
  readonly sealed: Uint8Array | null;
  readonly contentType: string | null;
  readonly bytesTotal: number | null;
  readonly bytesDone: number;
  readonly attempts: number;
  /** Consecutive deaths of the engine while this ran. */
  readonly deaths: number;
  readonly leaseEpoch: number | null;
  readonly leaseAttempt: number;
  /** A running operation is to end so as soon as its executor has stopped. */
  readonly ending: 'cancelled' | 'superseded' | null;
  readonly dueAt: EpochMs | null;
  readonly heldUntil: EpochMs;
  readonly error: OperationError | null;
  /** What an executor must remember between attempts. */
  readonly memo: Readonly<Record<string, unknown>>;
  readonly base: StoredVersion | null;
  readonly remote: StoredVersion | null;
  readonly verified: boolean | null;
  readonly externalId: string | null;
  readonly externalUrl: string | null;
  readonly idempotencyScope: string | null;
  readonly idempotencyKey: string | null;
  readonly requestDigest: string | null;
  readonly response: StoredResponse | null;
  readonly createdAt: EpochMs;
  readonly startedAt: EpochMs | null;
  readonly updatedAt: EpochMs;
  readonly completedAt: EpochMs | null;
}

/** What may change after the row was made. */
export type OperationChange = Partial<
  Pick<
    StoredOperation,
    | 'priority'
    | 'target'
    | 'spec'
    | 'sealed'
    | 'bytesTotal'
    | 'bytesDone'
    | 'attempts'
    | 'deaths'
    | 'leaseEpoch'
    | 'leaseAttempt'
    | 'ending'
    | 'dueAt'
    | 'heldUntil'
    | 'error'
    | 'memo'
    | 'base'
    | 'remote'
    | 'verified'
    | 'externalId'
    | 'externalUrl'
    | 'idempotencyKey'
    | 'response'
    | 'startedAt'
  >
>;

export interface OperationRow {
  readonly seq: number;
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly priority: number;
  readonly lane: string;
  readonly folder: string | null;
  readonly path: string | null;
  readonly destination: string | null;
  readonly provider: string | null;
  readonly parent: string | null;
  readonly step: string | null;
  readonly target: string;
  readonly resource_key: string | null;
  readonly spec: string;
  readonly sealed: Uint8Array | null;
  readonly content_type: string | null;
  readonly bytes_total: number | null;
  readonly bytes_done: number;
  readonly attempts: number;
  readonly deaths: number;
  readonly lease_epoch: number | null;
  readonly lease_attempt: number;
  readonly ending: string | null;
  readonly due_at: number | null;
  readonly held_until: number;
  readonly error: string | null;
  readonly memo: string;
  readonly base: string | null;
  readonly remote: string | null;
  readonly verified: number | null;
  readonly external_id: string | null;
  readonly external_url: string | null;
  readonly idempotency_scope: string | null;
  readonly idempotency_key: string | null;
  readonly request_digest: string | null;
  readonly response: string | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly updated_at: number;
  readonly completed_at: number | null;
}

/** JSON of a column that only this code writes, under the schema's json_valid check. */
export function parseColumn<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}

export function jsonColumn(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

/** The row as a value. Enumerations are trusted: the schema's CHECKs admit nothing else. */
export function fromRow(row: OperationRow): StoredOperation {
  return {
    seq: row.seq,
    id: row.id as OperationId,
    kind: row.kind as OperationKind,
    state: row.state as State,
    priority: PRIORITIES[row.priority] ?? 'normal',
    lane: row.lane,
    folder: row.folder,
    path: row.path,
    destination: row.destination,
    provider: row.provider,
    parent: row.parent as OperationId | null,
    step: row.step,
    target: row.target,
    resourceKey: row.resource_key,
    spec: JSON.parse(row.spec) as unknown,
    sealed: row.sealed,
    contentType: row.content_type,
    bytesTotal: row.bytes_total,
    bytesDone: row.bytes_done,
    attempts: row.attempts,
    deaths: row.deaths,
    leaseEpoch: row.lease_epoch,
    leaseAttempt: row.lease_attempt,
    ending: row.ending as StoredOperation['ending'],
    dueAt: row.due_at,
    heldUntil: row.held_until,
    error: parseColumn<OperationError>(row.error),
    memo: JSON.parse(row.memo) as Record<string, unknown>,
    base: parseColumn<StoredVersion>(row.base),
    remote: parseColumn<StoredVersion>(row.remote),
    verified: row.verified === null ? null : row.verified === 1,
    externalId: row.external_id,
    externalUrl: row.external_url,
    idempotencyScope: row.idempotency_scope,
    idempotencyKey: row.idempotency_key,
    requestDigest: row.request_digest,
    response: parseColumn<StoredResponse>(row.response),
    createdAt: row.created_at,
    startedAt: row.started_at,
    updatedAt: row.updated_at,
    completedAt: row.completed_at,
  };
}
