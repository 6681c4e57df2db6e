import type { LongshoreConfig } from '../config/config-types.ts';
import type { Gate } from '../core/operation.ts';
import type { Clock, EpochMs, HttpClient, LocalFiles, Random, Scanner, Watcher } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { Sealer } from '../db/seal.ts';
import { FOREVER, type StoredOperation } from '../db/stored-operation.ts';
import { BufferPool } from '../resilience/buffer-pool.ts';
import { CallExecutor } from '../sync/call-executor.ts';
import { Commands } from '../sync/commands.ts';
import { FolderSync, type SyncedFolder } from '../sync/folder-sync.ts';
import { GateKeeper } from '../sync/gate-keeper.ts';
import { Janitor, MAX_CLEANUP_WAIT_MS } from '../sync/janitor.ts';
import { splitPath } from '../sync/paths.ts';
import { Planner, type KeyOf } from '../sync/planner.ts';
import { Scheduler } from '../sync/scheduler.ts';
import { UploadExecutor } from '../sync/upload/upload-executor.ts';
import { callRules } from './call-rules.ts';
import { watchClock } from './clock-watch.ts';
import { destinationService, isLoopback, Lanes } from './lanes.ts';
import { LiveProgress } from './live-progress.ts';
import { recover } from './recover.ts';
import { Targets, type StoreFactory } from './targets.ts';

/** Idle buffers that are kept for reuse: as many as transfers usually are in flight. */
const KEPT_BUFFERS = 8;

export interface CorePorts {
  readonly repos: Repositories;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: LocalFiles;
  readonly scanner: Scanner;
  readonly watcher: Watcher;
  readonly http: HttpClient;
  readonly openStore: StoreFactory;
  readonly keyOf: KeyOf;
  readonly contentTypeOf: (name: string) => string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface CoreHooks {
  /** Status, or operations, may look different now. */
  readonly onChange: () => void;
  readonly onTrouble: (where: string, error: unknown) => void;
  /** A bug or an unusable database: the engine has to end. */
  readonly onFatal: (error: unknown) => void;
}

/**
 * The whole engine over its ports, for one configuration: folders, outbox, executors, janitor. The hosts wrap it in
 * sockets and processes; the simulator runs it as it is. Until `start` it only answers and writes to the outbox: so the
 * command line acts on the database where no engine runs.
 */
export class SyncCore {
  readonly config: LongshoreConfig;
  readonly repos: Repositories;
  readonly gates: GateKeeper;
  readonly lanes: Lanes;
  readonly targets: Targets;
  readonly live: LiveProgress;
  readonly commands: Commands;
  readonly epoch: number;
  readonly #ports: CorePorts;
  readonly #hooks: CoreHooks;
  readonly #folders = new Map<string, FolderSync>();
  readonly #scheduler: Scheduler;
  readonly #janitor: Janitor;
  #stopClockWatch: () => void = () => undefined;
  #started = false;

  constructor(ports: CorePorts, config: LongshoreConfig, epoch: number, hooks: CoreHooks) {
    this.#ports = ports;
    this.#hooks = hooks;
    this.config = config;
    this.repos = ports.repos;
    this.epoch = epoch;
    this.gates = new GateKeeper(ports.clock, ports.random);
    this.live = new LiveProgress(ports.clock);
    this.lanes = new Lanes(config, (folder) => this.#folderGate(folder));
    this.targets = new Targets(config, this.lanes, ports.openStore);
    this.#janitor = this.#makeJanitor();
    this.#scheduler = this.#makeScheduler();
    const stopRunning = (operation: StoredOperation, reason: 'cancelled' | 'superseded') => {
      this.#scheduler.stop((running) => running.seq === operation.seq, reason);
    };
    const hintDirty = (operation: StoredOperation) => {
      this.#hintDirty(operation);
    };
    this.commands = new Commands({ ...ports, stopRunning, hintDirty });
    const planner = new Planner({ ...ports, stopRunning });
    for (const folder of config.folders) {
      if (folder.frozen !== null) continue;
      this.#folders.set(folder.name, this.#makeFolder(folder.name, planner));
    }
  }

  /** Recovers what a dead engine left and begins to work. */
  start(): void {
    this.#started = true;
    recover(this.repos);
    this.repos.transaction(() => {
      this.repos.operations.boundDue();
      this.repos.cleanups.boundDue(this.#ports.clock.now() + MAX_CLEANUP_WAIT_MS);
    });
    this.gates.setPauses(this.repos.pauses.all());
    this.#stopClockWatch = watchClock(this.#ports.clock, (byMs) => {
      this.#clockLookedAt(byMs);
    });
    for (const folder of this.#folders.values()) folder.start();
    this.#scheduler.wake();
    this.#janitor.wake();
  }

  /** Stops everything at its checkpoint; resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stopClockWatch();
    await Promise.all([...this.#folders.values()].map((folder) => folder.stop()));
    await this.#janitor.stop();
    await this.#scheduler.shutdown();
    this.targets.close();
  }

  folder(name: string): FolderSync | null {
    return this.#folders.get(name) ?? null;
  }

  /** Something became possible, from outside: a new operation, a resume. */
  wake(): void {
    this.#hooks.onChange();
    if (!this.#started) return;
    this.#scheduler.wake();
    this.#janitor.wake();
  }

  /** Nothing new starts in this scope from now on; its byte transfers stop at their checkpoint (P9). */
  pause(scope: string, until: EpochMs): void {
    this.repos.pauses.set(scope, until);
    this.gates.setPauses(this.repos.pauses.all());
    this.#scheduler.stop(
      (operation, lane) => lane.pauseScopes.includes(scope) && operation.kind !== 'api.call',
      'pause',
    );
    this.wake();
  }

  resume(scope: string): void {
    this.repos.pauses.remove(scope);
    this.gates.setPauses(this.repos.pauses.all());
    this.gates.lookAgainNow();
    this.rescan();
    this.wake();
  }

  /** Holds one item, or frees it with `until` 0. */
  hold(id: string, until: EpochMs): { readonly id: string; readonly reason: string } | null {
    const refused = this.commands.hold(id, until);
    if (refused === null && until > 0)
      this.#scheduler.stop((operation) => operation.id === id && operation.kind !== 'api.call', 'pause');
    this.wake();
    return refused;
  }

  setOffline(offline: boolean): void {
    this.gates.setOffline(offline);
    this.wake();
  }

  /** The machine woke up, or the network changed: everything deserves a fresh look. */
  lookAgain(): void {
    this.gates.lookAgainNow();
    this.rescan();
    this.wake();
  }

  rescan(folder?: string): void {
    for (const [name, sync] of this.#folders) if (folder === undefined || folder === name) sync.requestFullScan();
  }

  /** The absolute path of an operation's file. */
  localPath(operation: StoredOperation): string | null {
    const folder = operation.folder === null ? null : this.#folders.get(operation.folder);
    return folder === null || folder === undefined || operation.path === null
      ? null
      : `${folder.folder.root}/${operation.path}`;
  }

  /** Nothing runs, starts or is being looked at; what is due later or gated does not count. */
  idle(): boolean {
    const busyFolder = [...this.#folders.values()].some((folder) => {
      const state = folder.state();
      return !state.settled && state.frozen === null;
    });
    return !busyFolder && this.#scheduler.runningCount() === 0 && this.#janitor.idle();
  }

  /** What is to happen at a time of day must not wait for that time to come round again. */
  #clockLookedAt(byMs: number): void {
    try {
      const moved = this.repos.transaction(() => {
        const latest = this.#ports.clock.now() + (byMs < 0 ? 0 : MAX_CLEANUP_WAIT_MS);
        return this.repos.operations.boundDue() + this.repos.cleanups.boundDue(latest);
      });
      if (byMs !== 0) this.lookAgain();
      else if (moved > 0) this.wake();
    } catch (error) {
      this.#hooks.onFatal(error);
    }
  }

  /** Something abandoned is to be cleaned up at a service until `until`. */
  cleanupDueBy(until: EpochMs): boolean {
    return this.#janitor.dueBy(until);
  }

  #folderGate(name: string): Gate | null {
    const sync = this.#folders.get(name);
    if (sync === undefined) return 'folder-frozen';
    return sync.state().frozen === null ? null : 'folder-frozen';
  }

  #hintDirty(operation: StoredOperation): void {
    if (operation.folder === null || operation.path === null) return;
    this.#folders.get(operation.folder)?.markDirty(splitPath(operation.path).dir);
  }

  #makeFolder(name: string, planner: Planner): FolderSync {
    const folder = this.config.folders.find((candidate) => candidate.name === name);
    const destination = folder === undefined ? undefined : this.config.destinations[folder.destination];
    if (folder === undefined || destination === undefined) throw new Error(`folder ${name} has no destination`);
    const synced: SyncedFolder = {
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
    };
    return new FolderSync(synced, {
      ...this.#ports,
      planner,
      onChange: () => {
        this.wake();
      },
      onTrouble: this.#hooks.onTrouble,
      onFatal: this.#hooks.onFatal,
    });
  }

  #makeJanitor(): Janitor {
    return new Janitor({
      ...this.#ports,
      target: (destination) => this.targets.get(destination),
      isOpen: (destination) => {
        if (this.gates.pausedUntil('all') !== null) return false;
        // A cleanup may be all there is to find out whether the service is back.
        const unreachable = this.gates.unreachable(destinationService(destination));
        if (unreachable !== null && unreachable.nextTryAt > this.#ports.clock.now()) return false;
        return !this.#isOffline(destination);
      },
      opensAt: (destination) => {
        if (this.#isOffline(destination)) return null;
        const at = Math.max(
          this.gates.pausedUntil('all') ?? 0,
          this.gates.unreachable(destinationService(destination))?.nextTryAt ?? 0,
        );
        return at === 0 || at >= FOREVER ? null : at;
      },
      heardFrom: (destination, unreachable) => {
        const service = destinationService(destination);
        if (unreachable !== null) this.gates.failedToReach(service, unreachable);
        else if (this.gates.reached(service)) this.wake();
      },
      onFatal: this.#hooks.onFatal,
    });
  }

  #isOffline(destination: string): boolean {
    const config = this.config.destinations[destination];
    return config !== undefined && this.gates.offline && !isLoopback(config.endpoint);
  }

  #makeScheduler(): Scheduler {
    const { repos, clock, files, http, sealer } = this.#ports;
    const upload = new UploadExecutor({
      repos,
      clock,
      files,
      buffers: new BufferPool(KEPT_BUFFERS),
      target: (destination) => this.targets.get(destination),
      localPath: (operation) => this.localPath(operation),
      hintDirty: (operation) => {
        this.#hintDirty(operation);
      },
    });
    const rules = callRules(this.config, repos.secrets, this.#ports.env);
    const call = new CallExecutor({ repos, clock, http, sealer, rules });
    return new Scheduler({
      ...this.#ports,
      gates: this.gates,
      epoch: this.epoch,
      executors: { 'file.upload': upload, 'api.call': call },
      lane: (lane) => this.lanes.info(lane),
      retryPolicy: (operation) => this.lanes.retryPolicy(operation),
      concurrency: (lane) => this.lanes.concurrency(lane),
      onProgress: (operation, doneBytes, inFlightBytes) => {
        this.live.report(operation, doneBytes, inFlightBytes);
        this.#hooks.onChange();
      },
      onSettled: (operation) => {
        this.live.ended(operation);
        this.#janitor.wake();
        this.#hooks.onChange();
      },
      onFatal: this.#hooks.onFatal,
    });
  }
}
