import type { FolderConfig, LongshoreConfig } from '../config/config-types.ts';
import { folderPlace } from '../config/storage-place.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { LocalFiles, ObjectStore, RemoteObject } from '../core/ports.ts';
import type { StoredFile } from '../db/files-repo.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { Params } from '../protocol/contract.ts';
import { RpcRefusal } from '../protocol/rpc-errors.ts';
import { isInPlace } from '../sync/folder-place.ts';
import { holdsKey } from '../sync/inventory-keys.ts';
import { originalNameOf } from '../sync/object-metadata.ts';
import { joinPath, splitPath } from '../sync/paths.ts';
import type { KeyOf } from '../sync/planned-folder.ts';
import { versionOf } from '../sync/stored-version.ts';
import { queueRestore, type RestoreDeps } from '../sync/queue-restore.ts';
import { isOwnName } from '../watch/default-ignores.ts';
import { isSafeRelative } from '../watch/safe-relative.ts';
import type { Targets } from './targets.ts';
import { unknownName } from './unknown-name.ts';

/** For the look at the service, ms. */
const LOOK_TIMEOUT_MS = 30_000;

export interface RestoreObjectDeps extends RestoreDeps {
  readonly config: LongshoreConfig;
  readonly targets: Pick<Targets, 'get'>;
  readonly files: LocalFiles;
  readonly keyOf: KeyOf;
  /** The engine stops: nobody waits for an answer any more. */
  readonly stopped: AbortSignal;
}

/** The reason of `stopped`. */
export class EngineStops extends Error {
  override readonly name = 'EngineStops';

  constructor() {
    super('The engine stops, or takes up another configuration.');
  }
}

const NOTHING_THERE =
  'Paths are relative to the folder, with "/". What a mirror folder deleted comes back with "longshore undo ID", where ' +
  'the bucket keeps old versions (longshore ls --kind file.delete); any other old version with --version-id.';
const NOTHING_QUEUED = 'Nothing was queued. Say it again when the service answers.';

/**
 * Brings an object, or an older version of it, back into its folder: looks what is there, then queues the download. Rejects
 * with an RpcRefusal, in words, where there is nothing to bring, or no way to it.
 */
export async function restoreObject(deps: RestoreObjectDeps, request: Params<'restore'>): Promise<StoredOperation> {
  const { config, targets, files } = deps;
  const folder = config.folders.find(({ name }) => name === request.folder);
  const target = folder === undefined ? null : targets.get(folder.destination);
  if (folder === undefined || target === null) throw unknownName(config, 'folder', request.folder);
  requireInPlace(deps, folder);
  const { key, path } = place(deps, folder, request);
  const { current, remote } = await look(() => lookAt(deps, target.store, key, request.versionId ?? null));
  if (remote === null) {
    const which = request.versionId == null ? '' : ' of this version';
    throw notFound(`There is nothing${which} at ${key} in the storage.`, NOTHING_THERE);
  }
  const restored = placeOf(deps, folder.name, key, joinPath(splitPath(path).dir, originalName(remote, path)));
  const present = await look(async () => {
    const found = await files.stat(`${folder.path}/${restored}`);
    // Whoever works with the next configuration has decided already what is open for this folder.
    deps.stopped.throwIfAborted();
    return found;
  });
  // A live change of the configuration may have taken the folder elsewhere meanwhile.
  requireInPlace(deps, folder);
  const { destination, priority } = folder;
  const over = request.versionId == null ? undefined : versionOf(current);
  const queued = queueRestore(deps, {
    folder: folder.name,
    destination,
    priority,
    key,
    path: restored,
    remote,
    over,
    present,
  });
  if (!queued.ok) throw new RpcRefusal({ kind: 'state', message: queued.message, hint: queued.hint });
  return queued.operation;
}

/** What is queued for a place where the folder's files do not go by now would give way to its next look, or come from there. */
function requireInPlace({ repos, config }: RestoreObjectDeps, folder: FolderConfig): void {
  const destination = config.destinations[folder.destination];
  if (destination === undefined || isInPlace(repos, { name: folder.name, place: folderPlace(folder, destination) }))
    return;
  throw new RpcRefusal({
    kind: 'state',
    message: `The files of "${folder.name}" go to another place in the storage now.`,
    hint: 'Nothing was queued. Let Longshore look at the folder there, then restore.',
  });
}

/** What is current, and the version that was asked for: it may be the same. */
async function lookAt(
  { clock, stopped }: RestoreObjectDeps,
  store: ObjectStore,
  key: string,
  versionId: string | null,
): Promise<{ readonly current: RemoteObject | null; readonly remote: RemoteObject | null }> {
  const late = new AbortController();
  const cancelTimer = clock.setTimer(LOOK_TIMEOUT_MS, () => {
    late.abort(new DOMException('no answer in time', 'TimeoutError'));
  });
  const signal = AbortSignal.any([stopped, late.signal]);
  try {
    // Not every service repeats the version's id in its answer.
    const [current, old] = await Promise.all([
      store.head(key, signal),
      versionId === null ? null : store.head(key, signal, versionId),
    ]);
    stopped.throwIfAborted();
    return { current, remote: versionId === null ? current : old && { ...old, versionId } };
  } finally {
    cancelTimer();
  }
}

function place(
  { config, keyOf }: RestoreObjectDeps,
  folder: FolderConfig,
  request: Params<'restore'>,
): { readonly key: string; readonly path: string } {
  const prefix = `${config.destinations[folder.destination]?.prefix ?? ''}${folder.prefix}`;
  const path = 'path' in request ? request.path : keyWithin(prefix, request.key);
  // What comes to stand there would be taken for the marker, or for a download that is under way.
  if (path?.split('/').some(isOwnName) === true)
    throw usage('Longshore keeps this name for itself.', 'Its own files come by themselves.');
  const made = path !== null && isSafeRelative(path) ? keyOf(prefix, path) : null;
  if (path === null || made === null || !made.ok)
    throw usage('This is not a path in the folder.', 'Name it relative to the folder, with "/" between its parts.');
  return { key: 'path' in request ? made.key : request.key, path };
}

function originalName({ metadata }: RemoteObject, path: string): string {
  return originalNameOf(metadata, splitPath(path).name);
}

/**
 * A file that stands here for the key keeps its name, in whichever form of Unicode: two of them would collide. Where they do
 * already, the one that has the key is meant, whichever of them was named.
 */
function placeOf({ repos }: RestoreObjectDeps, folder: string, key: string, path: string): string {
  const here = repos.files.byKey(folder, key);
  const pathOf = ({ dir, name }: StoredFile) => joinPath(dir, name);
  const holder = here.find((file) => holdsKey(repos, file)) ?? here.find((file) => pathOf(file) === path) ?? here[0];
  return holder === undefined ? path : pathOf(holder);
}

function keyWithin(prefix: string, key: string): string | null {
  return key.startsWith(prefix) ? key.slice(prefix.length) : null;
}

async function look<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LongshoreError) {
      const detail = error.context.detail === undefined ? '' : ` (${error.context.detail})`;
      const message = `${error.message}${detail}`;
      // Nothing is queued before the object was seen, so the general hint ("keeps trying") would be untrue.
      if (error.class === 'unreachable' || error.class === 'transient')
        throw new RpcRefusal({ kind: 'unexpected', message, hint: NOTHING_QUEUED });
      throw new RpcRefusal({ kind: 'state', message, hint: error.hint });
    }
    if (error instanceof Error && error.name === 'TimeoutError')
      throw new RpcRefusal({
        kind: 'unexpected',
        message: 'The service did not answer in time.',
        hint: NOTHING_QUEUED,
      });
    if (error instanceof EngineStops)
      throw new RpcRefusal({ kind: 'unexpected', message: error.message, hint: 'Nothing was queued.' });
    throw error;
  }
}

function usage(message: string, hint: string): RpcRefusal {
  return new RpcRefusal({ kind: 'usage', message, hint });
}

function notFound(message: string, hint: string): RpcRefusal {
  return new RpcRefusal({ kind: 'not-found', message, hint });
}
