import type { LongshoreConfig } from '../config/config-types.ts';
import { folderPlace } from '../config/storage-place.ts';
import type { Gate } from '../core/operation.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { FolderSync } from '../sync/folder-sync.ts';
import type { SyncedFolder } from '../sync/synced-folder.ts';
import { isHeld } from '../sync/mass-delete.ts';
import { splitPath } from '../sync/paths.ts';
import type { Planner } from '../sync/planner.ts';
import { StalePartials } from '../sync/stale-partials.ts';
import type { StopRunning } from '../sync/supersede.ts';
import type { CoreHooks, CorePorts } from './sync-core-ports.ts';

const DAY_MS = 86_400_000;

export interface FoldersDeps {
  readonly ports: CorePorts;
  readonly hooks: CoreHooks;
  readonly planner: Planner;
  readonly stopRunning: StopRunning;
  /** The disk or the database is in trouble: nothing is concluded from what is not there. */
  readonly inTrouble: () => boolean;
  /** Something was queued, or a folder's state changed. */
  readonly wake: () => void;
}

/** The folders of one configuration that are looked after. One that can't be, the configuration freezes: it is not here. */
export class Folders {
  readonly #deps: FoldersDeps;
  readonly #byName = new Map<string, FolderSync>();
  #started = false;

  constructor(config: LongshoreConfig, deps: FoldersDeps) {
    this.#deps = deps;
    for (const { name } of config.folders) this.#add(config, name);
  }

  get(name: string | null): FolderSync | null {
    return name === null ? null : (this.#byName.get(name) ?? null);
  }

  start(): void {
    this.#started = true;
    for (const folder of this.#byName.values()) folder.start();
  }

  /** Without names all of them. Resolves when none is looking any more. */
  async stop(names: readonly string[] = [...this.#byName.keys()]): Promise<void> {
    const folders = names.flatMap((name) => this.#byName.get(name) ?? []);
    await Promise.all(folders.map((folder) => folder.stop()));
  }

  /** Takes another configuration over; what is removed or renewed by it has been stopped. */
  replace(config: LongshoreConfig, removed: readonly string[], renewed: readonly string[]): void {
    for (const name of [...removed, ...renewed]) this.#byName.delete(name);
    for (const name of renewed) {
      const folder = this.#add(config, name);
      if (this.#started) folder?.start();
    }
  }

  /** Looks at everything in it anew; without a name in all folders. */
  rescan(name?: string): void {
    for (const [known, folder] of this.#byName) if (name === undefined || name === known) folder.requestFullScan();
  }

  /** Operations ended, or a person decided: deletes may be due that were not. */
  reconsiderDeletes(): void {
    for (const folder of this.#byName.values()) folder.reconsiderDeletes();
  }

  /** Its file may be another one by now. */
  hintDirty({ folder, path }: StoredOperation): void {
    if (path !== null) this.get(folder)?.markDirty(splitPath(path).dir);
  }

  /** What keeps the operations of a folder, or its deletes, from starting; null: nothing. */
  gate(name: string, deletes: boolean): Gate | null {
    const folder = this.get(name);
    if (folder === null) return 'folder-frozen';
    const { frozen, guard } = folder.state();
    if (frozen !== null) return 'folder-frozen';
    // What stands in the outbox may be for another place, or deletes from a time when they were followed.
    const isReady = deletes ? folder.hasSettledIn && folder.hasJudgedDeletes : folder.isInPlace;
    if (this.#started && !isReady) return 'folder-frozen';
    return deletes && isHeld(guard) ? 'mass-delete' : null;
  }

  /** The absolute path of an operation's file; null without a file, or when its folder is not looked after. */
  localPath({ folder, path }: StoredOperation): string | null {
    const root = this.get(folder)?.folder.root;
    return root === undefined || path === null ? null : `${root}/${path}`;
  }

  /** Nothing is being looked at, and nothing settles. */
  idle(): boolean {
    return [...this.#byName.values()].every((folder) => {
      const state = folder.state();
      return state.settled || state.frozen !== null;
    });
  }

  #add(config: LongshoreConfig, name: string): FolderSync | null {
    const { ports, hooks, planner, stopRunning, inTrouble, wake } = this.#deps;
    const synced = syncedFolder(config, name);
    if (synced === null) return null;
    const folder = new FolderSync(synced, {
      ...ports,
      planner,
      stopRunning,
      inTrouble,
      onChange: wake,
      onTrouble: hooks.onTrouble,
      onFatal: hooks.onFatal,
      stalePartials: new StalePartials(name, synced.root, { ...ports, onTrouble: hooks.onTrouble }),
    });
    this.#byName.set(name, folder);
    return folder;
  }
}

/** Null for a folder that the configuration froze. */
function syncedFolder(config: LongshoreConfig, name: string): SyncedFolder | null {
  const folder = config.folders.find((candidate) => candidate.name === name);
  if (folder === undefined || folder.frozen !== null) return null;
  const destination = config.destinations[folder.destination];
  if (destination === undefined) throw new Error(`folder ${name} has no destination`);
  return {
    name,
    root: folder.path,
    destination: folder.destination,
    keyPrefix: destination.prefix + folder.prefix,
    priority: folder.priority,
    stabilityMs: folder.stabilityMs,
    ignore: folder.ignore,
    maxFileSizeBytes: folder.maxFileSizeBytes ?? Number.MAX_SAFE_INTEGER,
    minFileSizeBytes: folder.minFileSizeBytes,
    scanIntervalMs: folder.scanIntervalMs,
    mode: folder.mode,
    deletes: folder.deletes,
    place: folderPlace(folder, destination),
    keepGoneMs: config.history.keepDays * DAY_MS,
  };
}
