import type { RemoteObject } from '../../core/ports.ts';
import type { Repositories } from '../../db/repositories.ts';
import type { StoredOperation } from '../../db/stored-operation.ts';
import { METADATA_OPERATION } from '../object-metadata.ts';
import type { Author } from './judge-remote.ts';

/** By whom the object at `key` was written, as its metadata and our outbox tell. */
export function authorOf(
  repos: Repositories,
  operation: StoredOperation,
  key: string,
  remote: RemoteObject | null,
): Author {
  const id = remote?.metadata[METADATA_OPERATION];
  if (id === undefined) return 'someone-else';
  // A delete writes nothing; what bears its id was copied there by another hand.
  if (id === operation.id) return 'this-operation';
  const earlier = repos.operations.byId(id);
  const same = earlier !== null && earlier.destination === operation.destination && earlier.target === key;
  if (!same) return 'someone-else';
  // Its success is recorded. If that version is not what we know of the key any more, somebody has brought it back.
  const { folder } = operation;
  const known = folder !== null && repos.files.knowsVersion(folder, key, remote?.etag ?? '');
  return earlier.state !== 'succeeded' || known ? 'earlier-operation' : 'someone-else';
}
