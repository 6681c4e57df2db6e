import type { FolderConfig } from '../config/config-types.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { SyncCore } from './sync-core.ts';

/** Why a folder stands still, or null. */
export function folderError(core: SyncCore, folder: FolderConfig): LongshoreError | null {
  if (folder.frozen !== null) {
    return new LongshoreError('folder.overlap', {
      subject: folder.path,
      detail: `folder "${folder.frozen.withFolder}" has the same place in the storage`,
    });
  }
  return core.folder(folder.name)?.state().frozen ?? null;
}
