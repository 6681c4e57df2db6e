import type { EpochMs } from '../core/ports.ts';
import type { Gate } from '../core/operation.ts';
import type { StoredEvent } from '../db/events-repo.ts';
import { FOREVER, type StoredOperation, type StoredVersion } from '../db/stored-operation.ts';
import type { EventView, OperationView } from '../protocol/shapes.ts';
import type { Params } from '../protocol/contract.ts';
import { deviceOf, mtimeOf } from '../sync/object-metadata.ts';
import { gateOfOperation } from '../sync/gate-keeper.ts';
import { moveSpec, uploadSpec, type MoveMemo } from '../sync/specs.ts';
import { timeInWords, whatOpens } from './gate-words.ts';

export const iso = (at: EpochMs): string => new Date(at).toISOString();
export const isoOrNull = (at: EpochMs | null): string | null => (at === null ? null : iso(at));
export const pauseView = (until: EpochMs | null): string | null => {
  if (until === null || until === 0) return null;
  return until >= FOREVER ? 'forever' : iso(until);
};

/** What the engine knows beyond the row. */
export interface ViewContext {
  readonly now: EpochMs;
  readonly laneGate: (lane: string) => Gate | null;
  /** When the gate of a lane opens by itself: an unreachable service is tried again, say. */
  readonly opensAt: (lane: string) => EpochMs | null;
  readonly liveBytes: (seq: number) => number | null;
  readonly bytesPerSecond: (seq: number) => number | null;
  readonly maxAttempts: (operation: StoredOperation) => number;
  /** What could not be done with its file after the upload. */
  readonly leftInPlace?: (operation: StoredOperation) => OperationView['leftInPlace'] | null;
}

/** An operation as all shells see it (CONTRACT.md, `ls`). */
export function operationView(operation: StoredOperation, context: ViewContext): OperationView {
  const gate = gateOfOperation(operation, context.laneGate(operation.lane), context.now);
  const live = operation.state === 'running' ? context.liveBytes(operation.seq) : null;
  const bytesDone = Math.min(live ?? operation.bytesDone, operation.bytesTotal ?? Number.MAX_SAFE_INTEGER);
  const speed = operation.state === 'running' ? context.bytesPerSecond(operation.seq) : null;
  const left = (operation.bytesTotal ?? 0) - bytesDone;
  return {
    id: operation.id,
    kind: operation.kind,
    state: operation.state,
    phase: phaseOf(operation),
    resourceKey: operation.resourceKey,
    folder: operation.folder,
    path: operation.path ?? (operation.kind === 'api.call' ? operation.target : null),
    priority: operation.priority,
    contentType: operation.contentType,
    bytesTotal: operation.bytesTotal,
    bytesDone,
    attempts: operation.attempts,
    dueAt: isoOrNull(operation.dueAt),
    gate,
    next: nextStep(operation, gate, context),
    pausedUntil: operation.heldUntil > context.now ? pauseView(operation.heldUntil) : null,
    verified: operation.verified,
    error: operation.error,
    ...namesOf(operation),
    ...leftInPlace(operation, context),
    externalId: operation.externalId,
    externalUrl: operation.externalUrl,
    bytesPerSecond: speed,
    etaSeconds: speed !== null && speed > 0 ? Math.max(0, left / speed) : null,
    createdAt: iso(operation.createdAt),
    startedAt: isoOrNull(operation.startedAt),
    updatedAt: iso(operation.updatedAt),
    completedAt: isoOrNull(operation.completedAt),
  };
}

/** Names beside the path: the one that a moved file had, and the key of a copy beside theirs. */
function namesOf(operation: StoredOperation): Pick<OperationView, 'movedFrom' | 'storedAs'> {
  if (operation.kind === 'file.move') {
    const { fromPath, beside, key } = moveSpec(operation);
    return beside ? { movedFrom: fromPath, storedAs: key } : { movedFrom: fromPath };
  }
  if (operation.kind !== 'file.upload') return {};
  const { beside, key } = uploadSpec(operation);
  return beside ? { storedAs: key } : {};
}

function leftInPlace(operation: StoredOperation, context: ViewContext): Pick<OperationView, 'leftInPlace'> {
  const isStored =
    operation.state === 'succeeded' && (operation.kind === 'file.upload' || operation.kind === 'file.move');
  const trouble = isStored ? (context.leftInPlace?.(operation) ?? null) : null;
  return trouble === null ? {} : { leftInPlace: trouble };
}

/** What people read (DESIGN section 5): of a file where it stands, of a call what it does. */
export function phaseOf(operation: StoredOperation): string {
  const isFile = operation.kind.startsWith('file.');
  switch (operation.state) {
    case 'pending':
    case 'waiting':
      return 'pending';
    case 'running':
      return isFile ? runningPhase(operation) : 'sending';
    case 'succeeded':
      if (operation.kind === 'file.delete') return 'deleted';
      return isFile ? 'ready' : 'done';
    case 'cancelled':
      return isFile ? 'ignored' : 'cancelled';
    case 'conflict':
    case 'failed':
    case 'compensating':
    case 'superseded':
      return operation.state;
  }
}

/** What is being done with a file right now. */
function runningPhase({ kind, memo }: StoredOperation): string {
  switch (kind) {
    case 'file.delete':
      return 'deleting';
    case 'file.download':
      return 'downloading';
    case 'file.move': {
      // Where the service does not copy, the bytes are sent.
      const { sending, placed }: MoveMemo = memo;
      return sending === true && placed === undefined ? 'uploading' : 'copying';
    }
    case 'file.upload':
    case 'api.call':
    case 'flow.run':
      return 'uploading';
  }
}

/** What Longshore does next and when (P11), in one sentence. */
function nextStep(operation: StoredOperation, gate: Gate | null, context: ViewContext): string | null {
  if (operation.state === 'running') return operation.ending === null ? null : 'It is being stopped.';
  const isFile = operation.kind.startsWith('file.');
  if (operation.state === 'cancelled' && operation.kind === 'file.delete')
    return 'You chose to keep it in the storage.';
  if (operation.state === 'cancelled' && operation.kind === 'file.download') return null;
  if (operation.state === 'cancelled')
    return isFile ? 'You chose to leave it out; it is taken up again when the file changes.' : null;
  if (operation.state === 'failed') {
    return isFile
      ? 'Nothing happens until you retry or cancel it, or the file changes.'
      : 'Nothing happens until you retry or cancel it.';
  }
  if (operation.state === 'conflict') return 'It waits for your choice.';
  if (operation.state !== 'pending' && operation.state !== 'waiting') return null;
  if (gate !== null) {
    const held = operation.heldUntil > context.now;
    const until = operation.heldUntil < FOREVER ? operation.heldUntil : null;
    return whatOpens(gate, held ? until : context.opensAt(operation.lane));
  }
  if (operation.state === 'waiting' && operation.dueAt !== null) {
    return `Attempt ${operation.attempts + 1} of ${context.maxAttempts(operation)} starts at ${timeInWords(operation.dueAt)}.`;
  }
  return 'It starts as soon as it is its turn.';
}

export function eventView(event: StoredEvent): EventView {
  return { ...event, at: iso(event.at), details: { ...event.details } };
}

export function versionView(version: StoredVersion | null) {
  if (version === null) return null;
  const modifiedAt = mtimeOf(version.metadata);
  const device = deviceOf(version.metadata);
  return {
    etag: version.etag,
    versionId: version.versionId,
    sizeBytes: version.sizeBytes,
    lastModified: isoOrNull(version.lastModified),
    ...(modifiedAt === null ? {} : { modifiedAt: iso(modifiedAt) }),
    ...(device === null ? {} : { device }),
  };
}

/** The pause scope of a request; an item is not one: it keeps its own pause. */
export function pauseScope(
  scope: Params<'pause'>['scope'],
): { readonly kind: 'scope'; readonly scope: string } | { readonly kind: 'item'; readonly id: string } {
  if ('id' in scope) return { kind: 'item', id: scope.id };
  if ('folder' in scope) return { kind: 'scope', scope: `folder:${scope.folder}` };
  if ('provider' in scope) return { kind: 'scope', scope: `provider:${scope.provider}` };
  return { kind: 'scope', scope: 'all' };
}
