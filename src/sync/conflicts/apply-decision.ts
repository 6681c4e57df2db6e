import { assert, assertNever } from '../../core/assert.ts';
import { newOperationId } from '../../core/ids.ts';
import type { StoredOperation, StoredVersion } from '../../db/stored-operation.ts';
import type { Refused } from '../commands.ts';
import { splitPath } from '../paths.ts';
import { moveSpec, objectResource, uploadSpec, type UploadSpec } from '../specs.ts';
import { bareVersion } from '../stored-version.ts';
import { freeBesideKey } from './beside-key.ts';
import { conflictSubject, type ConflictDeps, type ConflictSubject } from './conflict-rules.ts';
import type { DecisionReason, Side } from './decide-conflict.ts';
import type { ConflictStrategy } from '../../config/config-types.ts';
import type { DecisionRecord } from './decision-record.ts';
import { queueDownload } from './queue-download.ts';

/** Who decided: a person, or the folder's strategy with its reason. */
export type DecidedBy =
  | { readonly kind: 'person' }
  | { readonly kind: 'strategy'; readonly strategy: ConflictStrategy; readonly reason: DecisionReason };

/**
 * Ends the conflict of a file's operation (DESIGN section 7). Afterwards the base is the remote version and the local state
 * counts as settled: the next scan is quiet, the next edit is judged afresh. Where theirs has yet to be brought here the base
 * moves with it, so that an edit that comes first is a conflict again. Call inside a transaction. Null when done.
 */
export function applyDecision(
  deps: ConflictDeps,
  operation: StoredOperation,
  side: Side,
  by: DecidedBy,
): Refused | null {
  assert(operation.state === 'conflict', 'only a conflict is decided');
  const subject = conflictSubject(deps.repos, operation);
  switch (side) {
    case 'local':
      keepLocal(deps, operation, subject, by);
      return null;
    case 'remote':
      keepRemote(deps, operation, subject, by);
      return null;
    case 'both':
      return keepBoth(deps, operation, subject, by);
    default:
      return assertNever(side);
  }
}

/** The history's note of a decision. */
export function decisionNote(
  subject: ConflictSubject,
  versions: { readonly base: StoredVersion | null; readonly remote: StoredVersion | null },
  keep: Side,
  by: DecidedBy,
  more: Partial<Pick<DecisionRecord, 'besideKey' | 'download' | 'discards'>> = {},
) {
  const { here, key, path, local } = subject;
  const record: DecisionRecord = {
    keep,
    strategy: by.kind === 'person' ? null : by.strategy,
    reason: by.kind === 'person' ? null : by.reason,
    base: versions.base,
    remote: versions.remote,
    local,
    here,
    key,
    path,
    ...more,
  };
  const source = by.kind === 'person' ? ('external' as const) : ('internal' as const);
  return { type: 'resolved' as const, source, details: { ...record } };
}

/** From now on the storage's version is what the local change is made from. */
export function rebase(
  deps: ConflictDeps,
  operation: StoredOperation,
  subject: ConflictSubject,
  remote: StoredVersion | null,
): void {
  if (operation.folder === null || subject.file === null) return;
  const { dir, name } = subject.file;
  deps.repos.files.setBase(operation.folder, dir, name, bareVersion(remote), null);
}

/** A person's choice has a fresh budget; a strategy's does not, so that two that overwrite each other come to an end. */
function attemptsAfter(operation: StoredOperation, by: DecidedBy): number {
  return by.kind === 'person' ? 0 : operation.attempts;
}

function keepLocal(deps: ConflictDeps, operation: StoredOperation, subject: ConflictSubject, by: DecidedBy): void {
  rebase(deps, operation, subject, operation.remote);
  const change = { attempts: attemptsAfter(operation, by), error: null, spec: withoutDiscard(operation) };
  deps.repos.operations.transition(operation, 'requeue', change, decisionNote(subject, operation, 'local', by));
}

function keepRemote(deps: ConflictDeps, operation: StoredOperation, subject: ConflictSubject, by: DecidedBy): void {
  const { operations } = deps.repos;
  const mirror = deps.rules(operation).mode === 'mirror';
  if (mirror && subject.here === 'edited' && operation.remote === null) {
    const spec: UploadSpec = { ...uploadSpec(operation), discard: true };
    const note = decisionNote(subject, operation, 'remote', by, { discards: true });
    operations.transition(operation, 'requeue', { attempts: attemptsAfter(operation, by), error: null, spec }, note);
    return;
  }
  if (!mirror || operation.remote === null) rebase(deps, operation, subject, operation.remote);
  // Its number is needed for the note; the row can only be made once the conflict has let go of the key.
  const id = mirror && operation.remote !== null ? newOperationId(deps.clock, deps.random) : null;
  const note = decisionNote(subject, operation, 'remote', by, id === null ? {} : { download: id });
  operations.transition(operation, 'succeed', { error: null, bytesDone: 0 }, note);
  if (id !== null && operation.remote !== null) {
    const replaces = subject.local?.fingerprint ?? null;
    queueDownload(deps, operation, { ...subject, id }, operation.remote, replaces, 'keep-remote');
  }
  removeOldName(deps, operation, subject);
}

/** The move does not take place in the storage: what it left at the old name follows as a delete, once its grace is over. */
function removeOldName(deps: ConflictDeps, operation: StoredOperation, subject: ConflictSubject): void {
  if (operation.kind !== 'file.move' || subject.here !== 'edited' || operation.folder === null) return;
  const { deleteSource, fromKey, fromPath } = moveSpec(operation);
  const { dir, name } = splitPath(fromPath);
  const old = deps.repos.tombstones.get(operation.folder, dir, name);
  if (!deleteSource || old === null || old.key !== fromKey) return;
  deps.repos.tombstones.bury(operation.folder, dir, name, { goneAt: old.goneAt, identity: null, deleteRemote: true });
}

function keepBoth(
  deps: ConflictDeps,
  operation: StoredOperation,
  subject: ConflictSubject,
  by: DecidedBy,
): Refused | null {
  const { id, destination, folder } = operation;
  if (operation.remote === null) return { id, reason: 'there is no other version: keep local or remote' };
  if (subject.here === 'gone')
    return { id, reason: 'the file is not here any more: keep local (it goes) or remote (it stays)' };
  assert(destination !== null && folder !== null, 'a conflict of a file has a folder and a destination');
  const key = freeBesideKey(deps, { ...operation, destination, folder }, subject.key);
  if (key === null) return { id, reason: 'the name beside it would be too long for the storage' };
  const beside: UploadSpec = { ...withoutDiscard(operation), key, beside: true, hashFirst: false };
  deps.repos.operations.addKey(operation.seq, objectResource(destination, key));
  deps.repos.operations.transition(
    operation,
    'requeue',
    { attempts: attemptsAfter(operation, by), error: null, spec: beside, target: key },
    decisionNote(subject, operation, 'both', by, { besideKey: key }),
  );
  return null;
}

/** An earlier choice to let the file go does not bind this one. */
function withoutDiscard(operation: StoredOperation): UploadSpec {
  const { discard: _, ...spec } = uploadSpec(operation);
  return spec;
}
