import type { ErrorCode } from '../../core/error-table.ts';
import type { Repositories } from '../../db/repositories.ts';
import type { BaseVersion, StoredFile } from '../../db/files-repo.ts';
import type { StoredOperation } from '../../db/stored-operation.ts';
import { splitPath } from '../paths.ts';
import { objectResource } from '../specs.ts';

/** The inventory's row of an operation's file. */
export function fileOf(deps: { readonly repos: Repositories }, operation: StoredOperation): StoredFile | null {
  if (operation.folder === null || operation.path === null) return null;
  const { dir, name } = splitPath(operation.path);
  return deps.repos.files.get(operation.folder, dir, name);
}

/**
 * The same where it stands for the object that the operation is about. The folder may go to another place by now: what an
 * operation for the old one knows of its object says nothing of the new one.
 */
export function rowOfObject(deps: { readonly repos: Repositories }, operation: StoredOperation): StoredFile | null {
  const file = fileOf(deps, operation);
  if (file === null || operation.destination === null) return null;
  return objectResource(operation.destination, file.key) === operation.resourceKey ? file : null;
}

/**
 * Whether what was done last to the operation's object made this base. A write that was given up for a newer state may have
 * arrived all the same, and then the storage has neither.
 */
export function madeBase(
  deps: { readonly repos: Repositories },
  operation: StoredOperation,
  base: BaseVersion,
): boolean {
  const { destination, target, seq } = operation;
  if (destination === null) return false;
  const last = deps.repos.operations.lastBegunOn(objectResource(destination, target), seq);
  return last?.state === 'succeeded' && last.remote?.etag === base.etag;
}

/**
 * Errors that say that the disk is no longer as the inventory has it, or does not answer: a scan that it does not answer either
 * freezes the folder, before the attempts of all that waits in it are used up.
 */
export function mayNeedRescan(code: ErrorCode): boolean {
  return code === 'local.changed' || code === 'local.vanished' || code === 'folder.silent';
}
