import { newOperationId } from '../../core/ids.ts';
import type { StoredOperation } from '../../db/stored-operation.ts';
import { insertDownload } from '../insert-download.ts';
import { splitPath } from '../paths.ts';
import { objectResource, type DeleteMemo, type DownloadSpec } from '../specs.ts';
import type { ConflictDeps } from './conflict-rules.ts';

/**
 * Takes a delete of mirror mode back, for which no conflict was decided: the version that it removed comes here again, and from
 * here it goes up. The operation that brings it, or why there can be none. Call inside a transaction.
 */
export function undoDelete(
  deps: ConflictDeps & { readonly contentTypeOf: (name: string) => string },
  operation: StoredOperation,
): StoredOperation | string {
  const { repos, clock, random, contentTypeOf } = deps;
  const { folder, path, destination, target: key, state } = operation;
  if (state !== 'succeeded') return `the delete is ${state}: put the file back, or cancel the delete`;
  if (folder === null || path === null || destination === null) return 'its folder is not known any more';
  const { removed } = operation.memo as DeleteMemo;
  if (removed === undefined) return 'the object was gone before, so nothing was deleted';
  if (removed.versionId === null || removed.versionId === 'null')
    return 'the storage keeps no old versions of this bucket (versioning is off), so it is gone';
  const { dir, name } = splitPath(path);
  const known = repos.files.get(folder, dir, name);
  if (known !== null && known.fingerprint !== null)
    return 'a file stands there again: its present state is what counts';
  const resource = objectResource(destination, key);
  const open = repos.operations.unfinishedOn(resource)[0];
  if (open !== undefined) return `something else about the file is on its way (${open.id})`;
  const spec: DownloadSpec = {
    key,
    etag: removed.etag,
    versionId: removed.versionId,
    sizeBytes: known?.sizeBytes ?? 0,
    mtimeMs: known?.mtimeMs ?? null,
    replaces: null,
    reason: 'undo',
    pinned: true,
    // We deleted it: what another has written there since is not to be replaced without a word.
    over: null,
  };
  const order = {
    id: newOperationId(clock, random),
    priority: operation.priority,
    folder,
    destination,
    path,
    spec,
    contentType: contentTypeOf(name),
    bytesTotal: known?.sizeBytes ?? null,
  };
  return insertDownload(repos, order, { reason: 'undo', undoes: operation.id });
}
