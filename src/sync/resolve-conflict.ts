import type { EpochMs, RemoteVersion } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { KEY_MAX_BYTES } from '../watch/object-key.ts';
import type { Refused } from './commands.ts';
import { splitPath } from './paths.ts';
import { callSpec, objectResource, uploadSpec, type CallSpec, type UploadSpec } from './specs.ts';

export type Keep = 'local' | 'remote' | 'both' | 'merge';

export interface ResolveDeps {
  readonly repos: Repositories;
  readonly now: EpochMs;
  readonly device: string;
}

/**
 * Ends a conflict as a person decided (DESIGN section 7, drop mode). Afterwards the base is the remote version and the
 * local state counts as settled: the next scan is quiet, the next edit is judged afresh. Null when done.
 */
export function resolveConflict(deps: ResolveDeps, id: string, keep: Keep): Refused | null {
  const operation = deps.repos.operations.byId(id);
  if (operation === null) return { id, reason: 'there is no such item' };
  if (operation.state !== 'conflict') return { id, reason: `it is ${operation.state}, not in conflict` };
  if (keep === 'merge') return { id, reason: 'merging is not available yet' };
  return deps.repos.transaction(() =>
    operation.kind === 'api.call' ? resolveCall(deps, operation, keep) : resolveUpload(deps, operation, keep),
  );
}

function resolveUpload(
  deps: ResolveDeps,
  operation: StoredOperation,
  keep: 'local' | 'remote' | 'both',
): Refused | null {
  const { repos } = deps;
  const note = {
    type: 'resolved',
    source: 'external',
    details: { keep, base: operation.base, remote: operation.remote },
  } as const;
  switch (keep) {
    case 'local':
      setBase(repos, operation, operation.remote);
      repos.operations.transition(operation, 'requeue', { attempts: 0, error: null }, note);
      return null;
    case 'remote':
      setBase(repos, operation, operation.remote);
      repos.operations.transition(operation, 'succeed', { error: null, bytesDone: 0 }, note);
      return null;
    case 'both': {
      if (operation.remote === null)
        return { id: operation.id, reason: 'there is no other version: keep local or remote' };
      const spec = uploadSpec(operation);
      const key = besideName(spec.key, deps.device, deps.now);
      if (Buffer.byteLength(key) > KEY_MAX_BYTES)
        return { id: operation.id, reason: 'the name beside it would be too long for the storage' };
      const beside: UploadSpec = { ...spec, key, beside: true, hashFirst: false };
      if (operation.destination !== null)
        repos.operations.addKey(operation.seq, objectResource(operation.destination, key));
      repos.operations.transition(operation, 'requeue', { attempts: 0, error: null, spec: beside, target: key }, note);
      return null;
    }
  }
}

function setBase(repos: Repositories, operation: StoredOperation, remote: RemoteVersion | null): void {
  if (operation.folder === null || operation.path === null) return;
  const { dir, name } = splitPath(operation.path);
  const base = remote === null ? null : { etag: remote.etag, versionId: remote.versionId };
  repos.files.setBase(operation.folder, dir, name, base, null);
}

function resolveCall(deps: ResolveDeps, operation: StoredOperation, keep: 'local' | 'remote' | 'both'): Refused | null {
  const note = {
    type: 'resolved',
    source: 'external',
    details: { keep, base: operation.base, remote: operation.remote },
  } as const;
  if (keep === 'both') return { id: operation.id, reason: 'a record has one version: keep local or remote' };
  if (keep === 'remote') {
    deps.repos.operations.transition(operation, 'succeed', { error: null }, note);
    return null;
  }
  const version = operation.remote?.etag;
  if (version === undefined)
    return { id: operation.id, reason: 'the present version of the record is not known: queue a new call' };
  const spec: CallSpec = { ...callSpec(operation), ifMatch: version };
  deps.repos.operations.transition(operation, 'requeue', { attempts: 0, error: null, spec, memo: {} }, note);
  return null;
}

/** `name (conflict <device> <date>).ext`, in the same place; the date is UTC so that the key does not depend on a zone. */
export function besideName(key: string, device: string, now: EpochMs): string {
  const slash = key.lastIndexOf('/') + 1;
  const dot = key.lastIndexOf('.');
  const cut = dot > slash ? dot : key.length;
  const date = new Date(now).toISOString().slice(0, 19).replaceAll(':', '-').replace('T', ' ');
  return `${key.slice(0, cut)} (conflict ${device.replaceAll('/', '_')} ${date})${key.slice(cut)}`;
}
