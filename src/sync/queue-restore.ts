import type { Fingerprint } from '../core/fingerprint.ts';
import { newOperationId } from '../core/ids.ts';
import type { Priority } from '../core/operation.ts';
import type { Clock, FileStat, Random, RemoteObject } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation, StoredVersion } from '../db/stored-operation.ts';
import { insertDownload } from './insert-download.ts';
import { mtimeOf } from './object-metadata.ts';
import { splitPath } from './paths.ts';
import { objectResource, type DownloadSpec } from './specs.ts';
import { supersede, type StopRunning } from './supersede.ts';

export interface RestoreDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly random: Random;
  readonly stopRunning: StopRunning;
  readonly contentTypeOf: (name: string) => string;
}

export interface Restore {
  readonly folder: string;
  readonly destination: string;
  readonly priority: Priority;
  readonly key: string;
  /** Relative, as it will stand on the disk. */
  readonly path: string;
  /** What is at the key, as the service says now. */
  readonly remote: RemoteObject;
  /** A version was asked for by its id: what is current there, over which it goes up again (null: nothing). Else undefined. */
  readonly over: StoredVersion | null | undefined;
  /** What stands at the path now; null: nothing. */
  readonly present: FileStat | null;
}

export type Restored =
  | { readonly ok: true; readonly operation: StoredOperation }
  | { readonly ok: false; readonly message: string; readonly hint: string };

/**
 * Queues the download of an object into its folder. What is to be deleted there stays; what stands here is kept aside when
 * the file comes. Refused where something else about the file is open: its order would decide, not the person.
 */
export function queueRestore(deps: RestoreDeps, restore: Restore): Restored {
  const { repos } = deps;
  const { folder, destination, key, path, remote, over, present } = restore;
  const resource = objectResource(destination, key);
  return repos.transaction((): Restored => {
    for (const operation of repos.operations.unfinishedOn(resource)) {
      const refusal = openWork(operation, path);
      if (refusal !== null) return refusal;
    }
    if (present !== null && present.kind !== 'file')
      return refused('Something that is no file stands there.', 'Move it away, then restore.');
    const replaces: Fingerprint | null = present?.fingerprint ?? null;
    const { dir, name } = splitPath(path);
    const known = repos.files.get(folder, dir, name);
    if (over === undefined && replaces !== null && known?.fingerprint === replaces && known.base?.etag === remote.etag)
      return refused('The file is here already, in this version.', 'To get an older one, add --version-id.');
    supersede(repos, resource, 'the file is being restored', deps.stopRunning);
    const spec: DownloadSpec = {
      key,
      etag: remote.etag,
      versionId: remote.versionId,
      sizeBytes: remote.sizeBytes,
      mtimeMs: mtimeOf(remote.metadata) ?? remote.lastModified,
      replaces,
      reason: 'restore',
      ...(over === undefined ? {} : { pinned: true, over }),
    };
    const order = {
      id: newOperationId(deps.clock, deps.random),
      priority: restore.priority,
      folder,
      destination,
      path,
      spec,
      contentType: deps.contentTypeOf(name),
      bytesTotal: remote.sizeBytes,
    };
    const details = { reason: 'restore', key, etag: remote.etag, versionId: remote.versionId };
    const operation = insertDownload(repos, order, details);
    return { ok: true, operation };
  });
}

/** A delete gives way, and so does what has failed; the rest has to end first. */
function openWork({ kind, state, id, path: its }: StoredOperation, path: string): Restored | null {
  // Kept beside another's version, say: that file has to get there, or nowhere, before something comes from there.
  if (kind === 'file.upload' && its !== path)
    return refused(`${its ?? 'Another file'} is to go there (${id}).`, `Wait for it, or: longshore cancel ${id}`);
  if (state === 'failed' || kind === 'file.delete') return null;
  if (state === 'conflict')
    return refused(`It is in conflict (${id}).`, `Decide it: longshore resolve ${id} --keep remote`);
  if (kind === 'file.download') return refused(`It is being restored already (${id}).`, '');
  if (!kind.startsWith('file.')) return null;
  return refused(
    `A newer state of the file is on its way to the storage (${id}).`,
    `Wait for it, or: longshore cancel ${id}`,
  );
}

function refused(message: string, hint: string): Restored {
  return { ok: false, message, hint };
}
