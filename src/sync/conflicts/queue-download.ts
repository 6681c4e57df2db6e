import { assert } from '../../core/assert.ts';
import type { Fingerprint } from '../../core/fingerprint.ts';
import type { StoredOperation, StoredVersion } from '../../db/stored-operation.ts';
import { insertDownload } from '../insert-download.ts';
import { mtimeOf } from '../object-metadata.ts';
import type { DownloadSpec } from '../specs.ts';
import type { ConflictDeps } from './conflict-rules.ts';

/** Brings a version into the folder; what stands there in the state `replaces` is kept aside. */
export function queueDownload(
  deps: ConflictDeps,
  of: StoredOperation,
  place: { readonly id: StoredOperation['id']; readonly key: string; readonly path: string },
  version: StoredVersion,
  replaces: Fingerprint | null,
  reason: DownloadSpec['reason'],
): void {
  assert(of.folder !== null && of.destination !== null, 'a conflict of a file has a folder and a destination');
  const spec: DownloadSpec = {
    key: place.key,
    etag: version.etag,
    versionId: version.versionId,
    sizeBytes: version.sizeBytes ?? 0,
    mtimeMs: mtimeOf(version.metadata) ?? version.lastModified,
    replaces,
    reason,
  };
  const { folder, destination, priority } = of;
  const order = { id: place.id, priority, folder, destination, path: place.path, spec, bytesTotal: version.sizeBytes };
  insertDownload(deps.repos, order, { reason, for: of.id });
}
