import { toLongshoreError } from '../core/longshore-error.ts';
import type { EpochMs } from '../core/ports.ts';
import type { SyncCore } from './sync-core.ts';

/** A multipart upload that is open at a service under one of our prefixes. */
export interface OpenUpload {
  readonly destination: string;
  readonly key: string;
  readonly uploadId: string;
  readonly initiatedAt: EpochMs | null;
  /**
   * `operation`: an item here goes on with it. `cleanup`: it is about to be aborted. `unknown`: nothing here knows it; it may
   * belong to another device or program, or to a database that was lost.
   */
  readonly owner: 'operation' | 'cleanup' | 'unknown';
  readonly operationId: string | null;
}

export interface OpenUploads {
  readonly items: readonly OpenUpload[];
  /** Destinations that could not be asked, and why. */
  readonly failed: readonly { readonly destination: string; readonly message: string }[];
}

/** Asks every destination of a folder, or one, what is open under our prefixes (P7). */
export async function findOpenUploads(core: SyncCore, only: string | null, signal: AbortSignal): Promise<OpenUploads> {
  const items: OpenUpload[] = [];
  const failed: { destination: string; message: string }[] = [];
  for (const [destination, prefixes] of prefixesOf(core, only)) {
    const target = core.targets.get(destination);
    if (target === null) continue;
    try {
      for (const prefix of prefixes) {
        for (const { key, uploadId, initiated } of await target.store.listUploads(prefix, signal)) {
          items.push({
            destination,
            key,
            uploadId,
            initiatedAt: initiated,
            ...ownerOf(core, destination, key, uploadId),
          });
        }
      }
    } catch (error) {
      const failure = toLongshoreError(error);
      failed.push({ destination, message: failure.context.detail ?? failure.message });
    }
  }
  return { items, failed };
}

/** Has these aborted: as cleanups, so that it happens even if the engine dies or the service is away now. */
export function abortOpenUploads(
  core: SyncCore,
  uploads: readonly Pick<OpenUpload, 'destination' | 'key' | 'uploadId'>[],
  now: EpochMs,
): number {
  const unknown = uploads.filter(
    ({ destination, key, uploadId }) => ownerOf(core, destination, key, uploadId).owner === 'unknown',
  );
  core.repos.transaction(() => {
    for (const { destination, key, uploadId } of unknown)
      core.repos.cleanups.addAbort({ destination, place: placeOf(core, destination), key, uploadId }, now);
  });
  core.wake();
  return unknown.length;
}

/** Per destination the prefixes of its folders, none of them within another. */
function prefixesOf(core: SyncCore, only: string | null): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const folder of core.config.folders) {
    const destination = core.config.destinations[folder.destination];
    if (destination === undefined || (only !== null && destination.name !== only)) continue;
    found.set(destination.name, [...(found.get(destination.name) ?? []), destination.prefix + folder.prefix]);
  }
  return new Map(
    [...found].map(([name, prefixes]) => {
      const distinct = [...new Set(prefixes)];
      return [name, distinct.filter((one) => !distinct.some((other) => other !== one && one.startsWith(other)))];
    }),
  );
}

function placeOf(core: SyncCore, destination: string): string | null {
  return core.targets.get(destination)?.place ?? null;
}

function ownerOf(
  core: SyncCore,
  destination: string,
  key: string,
  uploadId: string,
): Pick<OpenUpload, 'owner' | 'operationId'> {
  const place = placeOf(core, destination);
  // What the same key has elsewhere is another upload.
  const own = core.repos.uploads.onKey(destination, key).filter((upload) => [null, place].includes(upload.place));
  const mine = own.find((upload) => upload.uploadId === uploadId);
  if (mine !== undefined) return { owner: 'operation', operationId: mine.operation };
  // An intent whose id is not recorded yet may be this very one.
  const intent = own.find((upload) => upload.uploadId === null);
  if (intent !== undefined) return { owner: 'operation', operationId: intent.operation };
  const owner = core.repos.cleanups.concerns({ destination, place, key, uploadId }) ? 'cleanup' : 'unknown';
  return { owner, operationId: null };
}
