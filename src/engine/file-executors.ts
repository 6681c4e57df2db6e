import { join } from 'node:path';
import type { LongshoreConfig } from '../config/config-types.ts';
import type { LocalChanges } from '../core/ports.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { DeleteExecutor } from '../sync/delete-executor.ts';
import { DownloadExecutor } from '../sync/download/download-executor.ts';
import { MoveExecutor } from '../sync/move/move-executor.ts';
import type { Executor } from '../sync/outcome.ts';
import { recordAfterUpload, type AfterUploadRule } from '../sync/record-after-upload.ts';
import type { UploadDeps } from '../sync/upload/upload-context.ts';
import { UploadExecutor } from '../sync/upload/upload-executor.ts';

/** The executors of all that happens to files. */
export function fileExecutors(
  config: () => LongshoreConfig,
  deps: UploadDeps & { readonly changes: LocalChanges },
): Readonly<Record<'file.upload' | 'file.delete' | 'file.move' | 'file.download', Executor>> {
  const { repos, clock } = deps;
  const rule = (operation: StoredOperation) => afterUploadRule(config(), operation);
  const proving: UploadDeps = { ...deps, needsProof: (operation) => rule(operation) !== null };
  const upload = new UploadExecutor(proving);
  const recording = { repos, clock, rule };
  return {
    'file.upload': recordAfterUpload(upload, recording),
    'file.move': recordAfterUpload(new MoveExecutor(proving, upload), recording),
    'file.delete': new DeleteExecutor(deps),
    'file.download': new DownloadExecutor(deps),
  };
}

/** What the folder wants done with the file of an upload that succeeded; null: it stays. In drop mode only. */
export function afterUploadRule(
  config: LongshoreConfig,
  { folder: name, path }: Pick<StoredOperation, 'folder' | 'path'>,
): AfterUploadRule | null {
  const folder = config.folders.find((candidate) => candidate.name === name);
  if (folder?.mode !== 'drop' || path === null) return null;
  if (folder.afterUpload === 'trash') return { action: 'trash', archivePath: null };
  if (folder.afterUpload !== 'archive' || folder.archivePath === null) return null;
  return { action: 'archive', archivePath: join(folder.archivePath, path) };
}
