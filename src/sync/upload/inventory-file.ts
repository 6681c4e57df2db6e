import type { ErrorCode } from '../../core/error-table.ts';
import type { Repositories } from '../../db/repositories.ts';
import type { StoredFile } from '../../db/files-repo.ts';
import type { StoredOperation } from '../../db/stored-operation.ts';
import { splitPath } from '../paths.ts';

/** The inventory's row of an operation's file. */
export function fileOf(deps: { readonly repos: Repositories }, operation: StoredOperation): StoredFile | null {
  if (operation.folder === null || operation.path === null) return null;
  const { dir, name } = splitPath(operation.path);
  return deps.repos.files.get(operation.folder, dir, name);
}

/** Errors that say that the disk is no longer as the inventory has it. */
export function mayNeedRescan(code: ErrorCode): boolean {
  return code === 'local.changed' || code === 'local.vanished';
}
