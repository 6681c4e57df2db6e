import { KEY_MAX_BYTES } from '../../watch/object-key.ts';
import { objectResource } from '../specs.ts';
import { besideName } from './beside-name.ts';
import type { ConflictDeps } from './conflict-rules.ts';

/** More names than this are never taken in one second. */
const MAX_BESIDE_NAMES = 1000;

/** A name beside `key` that nothing of ours has; null when it would be too long. What the storage has shows at the write. */
export function freeBesideKey(
  deps: Pick<ConflictDeps, 'repos' | 'clock' | 'device'>,
  operation: { readonly destination: string; readonly folder: string },
  key: string,
  from = 1,
): string | null {
  const now = deps.clock.now();
  for (let nth = from; nth < from + MAX_BESIDE_NAMES; nth += 1) {
    const beside = besideName(key, deps.device, now, nth);
    if (Buffer.byteLength(beside) > KEY_MAX_BYTES) return null;
    const taken =
      deps.repos.files.byKey(operation.folder, beside).length > 0 ||
      deps.repos.operations.unfinishedOn(objectResource(operation.destination, beside)).length > 0;
    if (!taken) return beside;
  }
  return null;
}
