import type { LongshoreConfig } from '../config/config-types.ts';
import type { Gate, OperationKind } from '../core/operation.ts';
import type { Clock, EpochMs, HttpClient, LocalChanges, LocalFiles, Random, Scanner, Watcher } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { Params } from '../protocol/contract.ts';
import type { Sealer } from '../db/seal.ts';
import { FOREVER, type StoredOperation } from '../db/stored-operation.ts';
import { BufferPool } from '../resilience/buffer-pool.ts';
import { AfterUpload } from '../sync/after-upload.ts';
import { CallExecutor } from '../sync/call-executor.ts';
import { CapabilityKeeper } from '../sync/capabilities/capability-keeper.ts';
import { Commands } from '../sync/commands.ts';
import { AutomaticDecisions } from '../sync/conflicts/automatic-decisions.ts';
import type { ConflictRules } from '../sync/conflicts/conflict-rules.ts';
import { FolderSync, type SyncedFolder } from '../sync/folder-sync.ts';
import { GateKeeper, type PowerState } from '../sync/gate-keeper.ts';
import { Janitor, MAX_CLEANUP_WAIT_MS } from '../sync/janitor.ts';
import { splitPath } from '../sync/paths.ts';
import { isHeld } from '../sync/mass-delete.ts';
import type { KeyOf } from '../sync/planned-folder.ts';
import { Planner } from '../sync/planner.ts';
import { Scheduler } from '../sync/scheduler.ts';
import { Watchdog, type Alarm } from '../sync/watchdog.ts';
import { folderLane } from '../sync/specs.ts';
import { removeStalePartials } from '../sync/stale-partials.ts';
import { Upkeep } from '../sync/upkeep.ts';
import { callRules } from './call-rules.ts';
import { fileExecutors } from './file-executors.ts';
import { DiskWatch } from './disk-watch.ts';
import { smoothChange } from './config-change.ts';
import { watchClock, type ClockLook } from './clock-watch.ts';
import { Knock } from './knock.ts';
import { destinationService, gateRules, isLoopback, Lanes } from './lanes.ts';
import { LiveProgress } from './live-progress.ts';
import { probedDestinations } from './probed-destinations.ts';
import { ReachProbe } from './reach-probe.ts';
import { recover } from './recover.ts';
import { restoreObject } from './restore-object.ts';
import { ServiceClocks } from './service-clocks.ts';
import { Targets, type StoreFactory } from './targets.ts';

/** Idle buffers that are kept for reuse: as many as transfers usually are in flight. */
const KEPT_BUFFERS = 8;
const DAY_MS = 86_400_000;

export interface CorePorts {
  readonly repos: Repositories;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: LocalFiles;
  readonly changes: LocalChanges;
  /** Where the database lies. */
  readonly dataDir: string;
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
  /** In force; only `reconfigure` puts another one in its place. */
  config: LongshoreConfig;
  readonly repos: Repositories;
  readonly gates: GateKeeper;
  readonly lanes: Lanes;
  readonly targets: Targets;
  readonly live: LiveProgress;
  readonly commands: Commands;
  readonly capabilities: CapabilityKeeper;
  readonly conflicts: AutomaticDecisions;
  readonly epoch: number;
  readonly #ports: CorePorts;
  readonly #hooks: CoreHooks;
  readonly #folders = new Map<string, FolderSync>();
  readonly #planner: Planner;
  readonly #scheduler: Scheduler;
  readonly #disk: DiskWatch;
  readonly #watchdog: Watchdog;
  readonly #janitor: Janitor;
  readonly #afterUpload: AfterUpload;
  readonly #upkeep: Upkeep;
  readonly #clocks: ServiceClocks;
  readonly #knock: Knock;
  readonly #reach: ReachProbe;
  #stopClockWatch: () => void = () => undefined;
  #started = false;

  constructor(ports: CorePorts, config: LongshoreConfig, epoch: number, hooks: CoreHooks) {
    this.#ports = ports;
    this.#hooks = hooks;
    this.config = config;
    this.repos = ports.repos;
    this.epoch = epoch;
    this.gates = new GateKeeper(ports.clock, ports.random);
    this.gates.setRules(gateRules(config));
    this.live = new LiveProgress(ports.clock);
    this.#clocks = new ServiceClocks(ports.clock);
    this.lanes = new Lanes(config, (folder, deletes) => this.#folderGate(folder, deletes));
    this.capabilities = this.#makeCapabilityKeeper();
    this.conflicts = new AutomaticDecisions({
      ...ports,
      device: config.device,
      rules: (operation) => this.#conflictRules(operation),
    });
    this.targets = new Targets(config, this.lanes, {
      clock: ports.clock,
      openStore: (destination, surroundings) =>
        ports.openStore(destination, surroundings, this.#clocks.clockOf(destination.name)),
      serviceNow: (destination) => this.#clocks.clockOf(destination).now(),
      onReply: (destination, sign) => {
        this.#clocks.heard(destination, sign);
      },
      honours: (destination, write) => this.capabilities.honours(destination, write),
      onLimit: () => {
        this.wake();
      },
    });
    this.#knock = new Knock({ config: () => this.config, targets: this.targets, http: ports.http });
    this.#reach = this.#makeReachProbe();
    this.#janitor = this.#makeJanitor();
    this.#afterUpload = this.#makeAfterUpload();
    this.#upkeep = new Upkeep({ ...ports, keepDays: config.history.keepDays, onFatal: hooks.onFatal });
    this.#disk = this.#makeDiskWatch();
    this.#scheduler = this.#makeScheduler();
    this.#watchdog = this.#makeWatchdog();
    const stopRunning = (operation: StoredOperation, reason: 'cancelled' | 'superseded') => {
      this.#scheduler.stop((running) => running.seq === operation.seq, reason);
    };
    const hintDirty = (operation: StoredOperation) => {
      this.#hintDirty(operation);
    };
    this.commands = new Commands({ ...ports, stopRunning, hintDirty, isWatched: (name) => this.#folders.has(name) });
    this.#planner = new Planner({ ...ports, stopRunning });
    for (const folder of config.folders) {
      if (folder.frozen !== null) continue;
      this.#folders.set(folder.name, this.#makeFolder(folder.name));
    }
  }

  /** Recovers what a dead engine left and begins to work. */
  start(): void {
    this.#started = true;
    recover(this.repos);
    this.repos.transaction(() => {
      this.repos.operations.boundDue();
      this.repos.cleanups.boundDue(this.#ports.clock.now() + MAX_CLEANUP_WAIT_MS);
      this.repos.afterUploads.boundDue(this.#ports.clock.now());
    });
    this.gates.setPauses(this.repos.pauses.all());
    this.#stopClockWatch = watchClock(this.#ports.clock, (look) => {
      this.#clockLookedAt(look);
    });
    for (const folder of this.#folders.values()) folder.start();
    this.#scheduler.wake();
    this.#janitor.wake();
    this.#afterUpload.wake();
    this.#upkeep.start();
    this.#disk.start();
    this.#watchdog.start();
  }

  /** Stops everything at its checkpoint; resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stopClockWatch();
    this.#reach.stop();
    this.#upkeep.stop();
    this.#disk.stop();
    this.#watchdog.stop();
    await Promise.all([...this.#folders.values()].map((folder) => folder.stop()));
    // All at once: each has its own grace for what is in flight, and together they have five seconds.
    await Promise.all([
      this.#janitor.stop(),
      this.#afterUpload.stop(),
      this.capabilities.stop(),
      this.#scheduler.shutdown(),
    ]);
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
    this.#afterUpload.wake();
    this.capabilities.wake();
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

  /** Ends the pause of a scope. `all` ends every pause: those of folders, providers and single items as well. */
  resume(scope: string): void {
    this.repos.transaction(() => {
      const scopes = scope === 'all' ? this.repos.pauses.all().map((pause) => pause.scope) : [scope];
      for (const each of scopes) this.repos.pauses.remove(each);
      if (scope === 'all') for (const id of this.repos.claims.heldIds()) this.commands.hold(id, 0);
    });
    this.gates.setPauses(this.repos.pauses.all());
    this.gates.lookAgainNow();
    this.#reach.startOver();
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
    if (!offline) this.#reach.startOver();
    this.wake();
  }

  /** What the host tells of the machine; whether it matters is up to the configuration. */
  setPower(power: PowerState): void {
    this.gates.setPower(power);
    this.wake();
  }

  /** Another network: connections and names from before lead nowhere, and what was out of reach may be in reach. */
  networkChanged(): void {
    this.targets.refreshConnections();
    this.#ports.http.refreshConnections();
    this.gates.lookAgainNow();
    this.#reach.startOver();
    this.wake();
  }

  /** The machine slept: the network may be another one, and no watcher saw what happened meanwhile. */
  wokeUp(): void {
    this.networkChanged();
    this.rescan();
  }

  /** Something was set right by a person: everything deserves a fresh look. */
  lookAgain(): void {
    this.gates.lookAgainNow();
    this.#reach.startOver();
    this.rescan();
    this.wake();
  }

  /** How far a destination's clock is ahead of ours (< 0: behind), ms; null while nothing is known. */
  skewMs(destination: string): number | null {
    return this.#clocks.skewMs(destination);
  }

  /** Whether any destination on another machine answers; asked when a host says that there is no network. */
  anyAnswer(signal: AbortSignal): Promise<boolean> {
    return this.#knock.anywhere(signal);
  }

  /** A person decided about a folder's deletes or its root; that stands in the database. */
  decided(folder: string): void {
    this.#folders.get(folder)?.decided();
    this.wake();
  }

  rescan(folder?: string): void {
    for (const [name, sync] of this.#folders) if (folder === undefined || folder === name) sync.requestFullScan();
  }

  /** What its folder says about conflicts; null for a call. */
  strategyOf(operation: StoredOperation): ConflictRules['strategy'] | null {
    return operation.kind === 'api.call' ? null : this.#conflictRules(operation).strategy;
  }

  contentTypeOf(name: string): string {
    return this.#ports.contentTypeOf(name);
  }

  /** Queues the download of an object into its folder. Rejects with an RpcRefusal, in words. */
  restore(request: Params<'restore'>): Promise<StoredOperation> {
    return restoreObject(
      {
        ...this.#ports,
        config: this.config,
        targets: this.targets,
        stopRunning: (operation, reason) => {
          this.#scheduler.stop((running) => running.seq === operation.seq, reason);
        },
      },
      request,
    );
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
    return !busyFolder && this.#scheduler.runningCount() === 0 && this.#janitor.idle() && this.#afterUpload.idle();
  }

  /** What is to happen at a time of day must not wait for that time to come round again. */
  #clockLookedAt({ byMs, overslept }: ClockLook): void {
    try {
      // What was measured against the clock that was set says nothing any more.
      if (byMs !== 0) this.#clocks.reset();
      const moved = this.repos.transaction(() => {
        const latest = this.#ports.clock.now() + (byMs < 0 ? 0 : MAX_CLEANUP_WAIT_MS);
        return this.repos.operations.boundDue() + this.repos.cleanups.boundDue(latest);
      });
      if (byMs !== 0 || overslept) this.wokeUp();
      else if (moved > 0) this.wake();
    } catch (error) {
      this.#hooks.onFatal(error);
    }
  }

  /** The kinds of all that runs now: there is never much of it. */
  runningKinds(): ReadonlySet<OperationKind> {
    const kinds = new Set<OperationKind>();
    for (const { operation } of this.#scheduler.running()) kinds.add(operation.kind);
    return kinds;
  }

  /** What Longshore had to heal in itself within the last hour, newest first. */
  alarms(): readonly Alarm[] {
    return this.#watchdog.alarms();
  }

  /**
   * Takes another configuration over without stopping what it leaves as it is: folders come, go and change their rules,
   * limits change, transfers go on. False when it changes more than that, and nothing was done: it takes a new core.
   */
  async reconfigure(config: LongshoreConfig): Promise<boolean> {
    const change = smoothChange(this.config, config);
    if (change === null) return false;
    const stopping = [...change.removed, ...change.renewed].flatMap((name) => this.#folders.get(name) ?? []);
    await Promise.all(stopping.map((folder) => folder.stop()));
    this.config = config;
    this.gates.setRules(gateRules(config));
    this.targets.setLimits(config);
    for (const name of change.removed) this.#folders.delete(name);
    const resting = new Set([...change.removed, ...change.paused]);
    this.#scheduler.stop((operation) => operation.folder !== null && resting.has(operation.folder), 'pause');
    for (const name of change.renewed) {
      if (config.folders.some((folder) => folder.name === name && folder.frozen !== null)) continue;
      const folder = this.#makeFolder(name);
      this.#folders.set(name, folder);
      if (this.#started) folder.start();
    }
    this.wake();
    return true;
  }

  /** Something abandoned is to be cleaned up at a service until `until`. */
  cleanupDueBy(until: EpochMs): boolean {
    return this.#janitor.dueBy(until);
  }

  #folderGate(name: string, deletes: boolean): Gate | null {
    const state = this.#folders.get(name)?.state();
    if (state === undefined || state.frozen !== null) return 'folder-frozen';
    return deletes && isHeld(state.guard) ? 'mass-delete' : null;
  }

  #hintDirty(operation: StoredOperation): void {
    if (operation.folder === null || operation.path === null) return;
    this.#folders.get(operation.folder)?.markDirty(splitPath(operation.path).dir);
  }

  #makeFolder(name: string): FolderSync {
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
      mode: folder.mode,
      deletes: folder.deletes,
      place: JSON.stringify([folder.destination, destination.bucket, destination.prefix + folder.prefix]),
      keepGoneMs: this.config.history.keepDays * DAY_MS,
    };
    return new FolderSync(synced, {
      ...this.#ports,
      planner: this.#planner,
      inTrouble: () => this.gates.diskLow,
      onChange: () => {
        this.wake();
      },
      onTrouble: this.#hooks.onTrouble,
      onFatal: this.#hooks.onFatal,
      onIgnored: (dir, names) => {
        removeStalePartials({ ...this.#ports, onTrouble: this.#hooks.onTrouble }, folder.path, dir, names);
      },
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
        if (unreachable !== null) {
          this.gates.failedToReach(service, unreachable);
          this.#reach.update();
        } else if (this.gates.reached(service)) this.wake();
      },
      onFatal: this.#hooks.onFatal,
    });
  }

  /** What is done on this machine alone waits for no service, only for pauses and for the folder itself. */
  #makeAfterUpload(): AfterUpload {
    return new AfterUpload({
      ...this.#ports,
      root: (folder) => this.#folders.get(folder)?.folder.root ?? null,
      isOpen: (folder) =>
        this.#folderGate(folder, false) === null &&
        this.lanes.info(folderLane(folder)).pauseScopes.every((scope) => this.gates.pausedUntil(scope) === null),
      onChange: this.#hooks.onChange,
      onFatal: this.#hooks.onFatal,
    });
  }

  #isOffline(destination: string): boolean {
    const config = this.config.destinations[destination];
    return config !== undefined && this.gates.offline && !isLoopback(config.endpoint);
  }

  #makeReachProbe(): ReachProbe {
    return new ReachProbe({
      ...this.#ports,
      outOfReach: () => {
        if (this.gates.pausedUntil('all') !== null) return [];
        return this.gates.outOfReach().filter((service) => !this.gates.offline || this.#knock.isLocal(service));
      },
      reach: (service, signal) => this.#knock.at(service, signal),
      onReached: (service) => {
        if (this.gates.reached(service)) this.wake();
      },
    });
  }

  #makeDiskWatch(): DiskWatch {
    const { clock, changes, dataDir } = this.#ports;
    return new DiskWatch({
      clock,
      freeBytes: () => changes.freeBytes(dataDir),
      onLook: (freeBytes) => {
        const before = this.gates.diskLow;
        this.gates.setFreeDisk(freeBytes);
        if (before !== this.gates.diskLow) this.wake();
      },
      onTrouble: (error) => {
        this.#hooks.onTrouble('free disk space', error);
      },
    });
  }

  #makeWatchdog(): Watchdog {
    const destinationOf = (operation: StoredOperation) =>
      operation.destination === null ? undefined : this.config.destinations[operation.destination];
    return new Watchdog({
      clock: this.#ports.clock,
      lanes: () => this.repos.claims.lanes(),
      startable: (lane) => this.#scheduler.startable(lane),
      running: () => this.#scheduler.running(),
      isQueued: (operation) =>
        operation.destination !== null && this.targets.pool(operation.destination)?.isWaiting(operation.id) === true,
      stallLimitMs: (operation) => destinationOf(operation)?.stallTimeoutMs ?? 0,
      rouse: () => {
        this.#scheduler.rouse();
      },
      giveUp: (operation) => {
        this.#scheduler.giveUp(operation.seq);
      },
      onAlarm: ({ operation, message }) => {
        this.#hooks.onTrouble(`watchdog: ${operation.id}`, new Error(message));
        const { id, resourceKey, state } = operation;
        this.repos.events.append({
          operationId: id,
          resourceKey,
          type: 'watchdog',
          from: state,
          to: state,
          details: { message },
        });
        this.#hooks.onChange();
      },
      onFatal: this.#hooks.onFatal,
    });
  }

  /** An operation whose folder the configuration has no longer waits for a person. */
  #conflictRules(operation: StoredOperation): ConflictRules {
    const folder = this.config.folders.find(({ name }) => name === operation.folder);
    const skewMs = operation.destination === null ? null : this.skewMs(operation.destination);
    return { strategy: folder?.conflict ?? 'manual', mode: folder?.mode ?? 'drop', skewMs: skewMs ?? 0 };
  }

  #makeCapabilityKeeper(): CapabilityKeeper {
    return new CapabilityKeeper({
      ...this.#ports,
      device: this.config.device,
      destinations: () => probedDestinations(this.config),
      store: (destination) => this.targets.get(destination)?.store ?? null,
      // Whatever keeps the folders there from working keeps questions from being asked.
      isOpen: (destination) =>
        this.config.folders.some(
          ({ name, destination: its }) =>
            its === destination && this.gates.gateOf(this.lanes.info(folderLane(name))) === null,
        ),
      wasReached: (destination) => this.gates.wasReached(destinationService(destination)),
      onChange: () => {
        this.wake();
      },
      onFatal: this.#hooks.onFatal,
    });
  }

  #makeScheduler(): Scheduler {
    const { repos, clock, files, http, sealer } = this.#ports;
    const ofFiles = fileExecutors(() => this.config, {
      repos,
      clock,
      files,
      changes: this.#ports.changes,
      conflicts: this.conflicts,
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
      executors: { ...ofFiles, 'api.call': call },
      lane: (lane) => this.lanes.info(lane),
      retryPolicy: (operation) => this.lanes.retryPolicy(operation),
      leases: (lane) => this.lanes.leases(lane, (destination) => this.targets.pool(destination)),
      onLook: () => {
        this.#disk.lookIfStale();
        this.targets.refreshLimits();
      },
      onProgress: (operation, doneBytes, inFlightBytes) => {
        this.live.report(operation, doneBytes, inFlightBytes);
        this.#hooks.onChange();
      },
      onSettled: (operation) => {
        this.live.ended(operation);
        this.#reach.update();
        this.#janitor.wake();
        this.#afterUpload.wake();
        this.capabilities.wake();
        this.#hooks.onChange();
      },
      onFatal: this.#hooks.onFatal,
    });
  }
}
