import { newOperationId } from '../../core/ids.ts';
import type { Fingerprint } from '../../core/fingerprint.ts';
import type { StoredOperation } from '../../db/stored-operation.ts';
import { refusedAs, type Refused } from '../commands.ts';
import { placeTrouble } from '../folder-place.ts';
import { folderLane, objectResource, type UploadSpec } from '../specs.ts';
import { splitPath } from '../paths.ts';
import type { ConflictDeps } from './conflict-rules.ts';
import { latestDecision, type DecisionRecord } from './decision-record.ts';
import { undoDelete } from './undo-delete.ts';

export interface UndoDeps extends ConflictDeps {
  readonly contentTypeOf: (name: string) => string;
}

export type Undone =
  { readonly ok: true; readonly operation: string } | { readonly ok: false; readonly refused: Refused };

/**
 * Takes the latest decision about a conflict back, a person's or a strategy's: the other side wins after all; or a delete of
 * mirror mode about which there was nothing to decide. What follows is an operation of its own, and both are in the history.
 * Refused in words where nothing can bring the other version back.
 */
export function undoDecision(deps: UndoDeps, id: string): Undone {
  const { repos } = deps;
  const no = (reason: string): Undone => ({ ok: false, refused: { id, reason } });
  const operation = repos.operations.byId(id);
  if (operation === null) return no('there is no such item');
  if (operation.kind === 'api.call') return no('what a service did with a call can not be taken back');
  const trouble = placeTrouble(repos, operation, deps.rules(operation).place);
  if (trouble !== null) return { ok: false, refused: refusedAs(id, trouble) };
  const decision = latestDecision(repos, id);
  if (decision === null && operation.kind === 'file.delete')
    return repos.transaction(() => concluded(deps, operation, undoDelete(deps, operation), {}));
  if (decision === null) return no('no conflict of this item was decided');
  if (operation.state === 'conflict') return no('it is in conflict again: resolve it');
  if (!['succeeded', 'superseded', 'cancelled'].includes(operation.state))
    return no(`what was decided is still on its way (${operation.state}): cancel it, then their version stays`);
  if (decision.undoneBy !== null && stands(repos.operations.byId(decision.undoneBy)))
    return no(`it was undone already, by ${decision.undoneBy}`);
  return repos.transaction(() =>
    concluded(deps, operation, undo(deps, operation, decision.record), { keep: decision.record.keep }),
  );
}

function concluded(
  { repos }: UndoDeps,
  operation: StoredOperation,
  result: StoredOperation | string,
  details: Readonly<Record<string, unknown>>,
): Undone {
  if (typeof result === 'string') return { ok: false, refused: { id: operation.id, reason: result } };
  const note = { type: 'undone', source: 'external', details: { ...details, operation: result.id } } as const;
  repos.operations.amend(operation, {}, note);
  return { ok: true, operation: result.id };
}

/** An undoing that came to nothing may be asked for again. */
function stands(operation: StoredOperation | null): boolean {
  return operation !== null && !['failed', 'cancelled', 'superseded'].includes(operation.state);
}

/** The operation that undoes it, or why there can be none. */
function undo(deps: UndoDeps, operation: StoredOperation, decision: DecisionRecord): StoredOperation | string {
  switch (decision.keep) {
    case 'local':
      return bringTheirsBack(deps, operation, decision);
    case 'remote':
      return sendOursAfterAll(deps, operation, decision);
    case 'both':
      return `nothing was replaced: theirs is ${decision.key}, ours is ${operation.target}; delete the one that you do not want`;
  }
}

function bringTheirsBack(
  deps: UndoDeps,
  operation: StoredOperation,
  decision: DecisionRecord,
): StoredOperation | string {
  const { repos } = deps;
  const { remote, path, here } = decision;
  if (remote === null)
    return 'they had deleted it, so there is no version to bring back: delete it if you do not want it';
  if (remote.versionId === null || remote.versionId === 'null')
    return 'the storage keeps no old versions of this bucket (versioning is off), so theirs is gone';
  const { dir, name } = splitPath(path);
  const file = operation.folder === null ? null : repos.files.get(operation.folder, dir, name);
  if (operation.folder === null || file === null) return 'the file is not known any more';
  if (here === 'edited' && file.base?.etag === remote.etag) return 'their version is still what is in the storage';
  return queue(deps, operation, decision, { fingerprint: file.fingerprint, restores: remote });
}

function sendOursAfterAll(
  deps: UndoDeps,
  operation: StoredOperation,
  decision: DecisionRecord,
): StoredOperation | string {
  const { repos } = deps;
  const { remote, local, path } = decision;
  if (decision.discards === true)
    return 'your file is in the trash of this computer: put it back, and it goes up again';
  if (local === null) return 'the object stayed in the storage: delete the file here again, and it goes there as well';
  const { dir, name } = splitPath(path);
  const file = operation.folder === null ? null : repos.files.get(operation.folder, dir, name);
  if (file === null || file.fingerprint === null) return 'the file is not here any more';
  if (decision.download !== undefined) {
    const download = repos.operations.byId(decision.download);
    if (download?.state === 'running')
      return 'their version is being brought here right now: undo it when that is done';
    if (download?.state === 'succeeded')
      return 'your version was kept beside it, with "(conflict" and the date in its name: put it back from there';
    if (download !== null && download.state !== 'cancelled' && download.state !== 'superseded')
      repos.operations.transition(download, 'cancel', {}, { source: 'external', details: { reason: 'undone' } });
    if (file.fingerprint === local.fingerprint)
      repos.files.setBase(
        file.folder,
        dir,
        name,
        remote === null ? null : { etag: remote.etag, versionId: remote.versionId },
        null,
      );
  }
  if (file.fingerprint !== local.fingerprint || file.operation !== operation.id)
    return 'the file was changed since: its present state is what counts';
  return queue(deps, operation, decision, { fingerprint: local.fingerprint });
}

/** The operation of the other choice. A newer state of the file replaces it like any other. */
function queue(
  deps: UndoDeps,
  operation: StoredOperation,
  { key, path, local, remote }: DecisionRecord,
  how: { readonly fingerprint: Fingerprint | null } & Pick<UploadSpec, 'restores'>,
): StoredOperation {
  const { repos, clock, random, contentTypeOf } = deps;
  const { folder, destination } = operation;
  const { dir, name } = splitPath(path);
  const before =
    operation.kind === 'file.upload' || operation.kind === 'file.move' ? (operation.spec as UploadSpec) : null;
  const { fingerprint, restores } = how;
  const spec: UploadSpec = {
    key,
    fingerprint: fingerprint ?? ('' as Fingerprint),
    sizeBytes: local?.sizeBytes ?? remote?.sizeBytes ?? 0,
    mtimeMs: local?.mtimeMs ?? 0,
    originalName: before?.originalName ?? null,
    hashFirst: false,
    beside: false,
    ...(restores === undefined ? {} : { restores }),
  };
  const made = repos.operations.insert(
    {
      id: newOperationId(clock, random),
      kind: 'file.upload',
      priority: operation.priority,
      lane: folder === null ? operation.lane : folderLane(folder),
      target: key,
      resourceKeys: destination === null ? [] : [objectResource(destination, key)],
      spec,
      folder,
      path,
      destination,
      contentType: contentTypeOf(name),
      bytesTotal: restores === undefined ? spec.sizeBytes : 0,
    },
    { undoes: operation.id },
  );
  const file = folder === null ? null : repos.files.get(folder, dir, name);
  // Ours is on its way once more: the row follows the operation that brings it.
  if (file !== null && restores === undefined) repos.files.put({ ...file, operation: made.id });
  return made;
}
