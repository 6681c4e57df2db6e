import type { RemoteObject, RemoteVersion } from '../core/ports.ts';
import type { StoredVersion } from '../db/stored-operation.ts';

/** A version as an operation's row keeps it. */
export function versionOf(remote: RemoteObject | RemoteVersion | null): StoredVersion | null {
  if (remote === null) return null;
  const facts = 'sizeBytes' in remote ? { sizeBytes: remote.sizeBytes, lastModified: remote.lastModified } : null;
  return {
    etag: remote.etag,
    versionId: remote.versionId,
    sizeBytes: facts?.sizeBytes ?? null,
    lastModified: facts?.lastModified ?? null,
  };
}

/** The other side of a conflict: with the metadata by which it is judged, shown, and brought back by an undo. */
export function conflictingVersion(remote: RemoteObject | null): StoredVersion | null {
  const version = versionOf(remote);
  return version === null || remote === null ? null : { ...version, metadata: remote.metadata };
}

export function bareVersion(version: RemoteVersion | null): RemoteVersion | null {
  return version === null ? null : { etag: version.etag, versionId: version.versionId };
}
