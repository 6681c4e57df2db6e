import type { LongshoreConfig } from '../config/config-types.ts';
import { folderPlace } from '../config/storage-place.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { BufferPool } from '../resilience/buffer-pool.ts';
import { CallExecutor } from '../sync/call-executor.ts';
import { CapabilityKeeper } from '../sync/capabilities/capability-keeper.ts';
import { Commands } from '../sync/commands.ts';
import { AutomaticDecisions } from '../sync/conflicts/automatic-decisions.ts';
import type { ConflictRules } from '../sync/conflicts/conflict-rules.ts';
import { GateKeeper } from '../sync/gate-keeper.ts';
import { Planner } from '../sync/planner.ts';
import { Scheduler } from '../sync/scheduler.ts';
import { folderLane } from '../sync/specs.ts';
import { callRules } from './call-rules.ts';
import { DiskRoom, withoutFullDisks } from './disk-room.ts';
import { fileExecutors } from './file-executors.ts';
import { Folders } from './folders.ts';
import { Housekeeping } from './housekeeping.ts';
import { destinationService, gateRules, Lanes } from './lanes.ts';
import { LiveProgress } from './live-progress.ts';
import { probedDestinations } from './probed-destinations.ts';
import { Reachability } from './reachability.ts';
import { ServiceClocks } from './service-clocks.ts';
import type { CoreHooks, CorePorts } from './sync-core-ports.ts';
import { Targets } from './targets.ts';

/** Idle buffers that are kept for reuse: as many as transfers usually are in flight. */
const KEPT_BUFFERS = 8;

export interface CoreSurroundings {
  readonly ports: CorePorts;
  readonly hooks: CoreHooks;
  readonly epoch: number;
  /** The one in force. */
  readonly config: () => LongshoreConfig;
  /** Something became possible: all look at what they may do now. */
  readonly wake: () => void;
}

/** What a core is made of, each part with what it has to tell the others. Nothing of it works before the core starts it. */
export class WiredParts {
  readonly repos: Repositories;
  /** As they were given, but without the troubles that `room` explains. */
  readonly hooks: CoreHooks;
  readonly gates: GateKeeper;
  readonly lanes: Lanes;
  readonly targets: Targets;
  readonly live: LiveProgress;
  readonly commands: Commands;
  readonly capabilities: CapabilityKeeper;
  readonly conflicts: AutomaticDecisions;
  readonly clocks: ServiceClocks;
  readonly folders: Folders;
  readonly scheduler: Scheduler;
  readonly house: Housekeeping;
  readonly reach: Reachability;
  readonly room: DiskRoom;
  readonly #surroundings: CoreSurroundings;

  constructor(surroundings: CoreSurroundings) {
    const { ports, hooks, config, wake } = surroundings;
    this.#surroundings = surroundings;
    this.repos = ports.repos;
    this.gates = new GateKeeper(ports.clock, ports.random);
    this.gates.setRules(gateRules(config()));
    this.room = this.#makeDiskRoom();
    this.hooks = withoutFullDisks(hooks, this.room);
    this.live = new LiveProgress(ports.clock);
    this.clocks = new ServiceClocks(ports.clock);
    this.lanes = new Lanes(config(), (folder, deletes) => this.folders.gate(folder, deletes));
    this.capabilities = this.#makeCapabilityKeeper();
    this.conflicts = new AutomaticDecisions({
      ...ports,
      device: config().device,
      rules: (operation) => this.conflictRules(operation),
    });
    this.targets = this.#makeTargets();
    const { gates, lanes, targets, room } = this;
    const shared = { ports, hooks: this.hooks, config, gates, lanes, targets, wake };
    const stopRunning = (operation: StoredOperation, reason: 'cancelled' | 'superseded') => {
      this.stopRunning(operation, reason);
    };
    this.reach = new Reachability(shared);
    this.scheduler = this.#makeScheduler();
    this.commands = new Commands({
      ...ports,
      stopRunning,
      hintDirty: (operation) => {
        this.folders.hintDirty(operation);
      },
      isWatched: (name) => this.folders.get(name) !== null,
    });
    const planner = new Planner({ ...ports, stopRunning });
    const inTrouble = () => this.gates.diskLow;
    this.folders = new Folders(config(), { ports, hooks: this.hooks, planner, stopRunning, inTrouble, wake });
    const { folders, reach, scheduler } = this;
    this.house = new Housekeeping({ ...shared, folders, reach, scheduler, room });
  }

  stopRunning({ seq }: StoredOperation, reason: 'cancelled' | 'superseded'): void {
    this.scheduler.stop((running) => running.seq === seq, reason);
  }

  /** An operation whose folder the configuration has no longer waits for a person. */
  conflictRules(operation: StoredOperation): ConflictRules {
    const { folders, destinations } = this.#surroundings.config();
    const folder = folders.find(({ name }) => name === operation.folder);
    const destination = folder === undefined ? undefined : destinations[folder.destination];
    const skewMs = operation.destination === null ? null : this.clocks.skewMs(operation.destination);
    const place = folder === undefined || destination === undefined ? null : folderPlace(folder, destination);
    return { strategy: folder?.conflict ?? 'manual', mode: folder?.mode ?? 'drop', skewMs: skewMs ?? 0, place };
  }

  #makeDiskRoom(): DiskRoom {
    const { ports, hooks, wake } = this.#surroundings;
    return new DiskRoom({
      repos: ports.repos,
      dataDir: ports.dataDir,
      gates: this.gates,
      onChange: wake,
      onRoom: () => {
        this.folders.rescan();
        wake();
      },
      onTrouble: (error) => {
        hooks.onTrouble('disk', error);
      },
    });
  }

  #makeTargets(): Targets {
    const { ports, config, wake } = this.#surroundings;
    return new Targets(config(), this.lanes, {
      clock: ports.clock,
      openStore: (destination, surroundings) =>
        ports.openStore(destination, surroundings, this.clocks.clockOf(destination.name)),
      serviceNow: (destination) => this.clocks.clockOf(destination).now(),
      onReply: (destination, sign) => {
        this.clocks.heard(destination, sign);
      },
      honours: (destination, write) => this.capabilities.honours(destination, write),
      refuses: (destination, write) => this.capabilities.refuses(destination, write),
      onLimit: wake,
    });
  }

  #makeCapabilityKeeper(): CapabilityKeeper {
    const { ports, config, wake } = this.#surroundings;
    return new CapabilityKeeper({
      ...ports,
      device: config().device,
      destinations: () => probedDestinations(config()),
      target: (destination) => this.targets.get(destination),
      // Whatever keeps the folders there from working keeps questions from being asked.
      isOpen: (destination) => this.#isOpen(destination),
      wasReached: (destination) => this.gates.wasReached(destinationService(destination)),
      onChange: wake,
      onFatal: this.hooks.onFatal,
    });
  }

  /** Some folder there may work; where none goes there, nothing stands in the way of the destination itself. */
  #isOpen(destination: string): boolean {
    const folders = this.#surroundings.config().folders.filter((folder) => folder.destination === destination);
    const lanes = folders.map(({ name }) => this.lanes.info(folderLane(name)));
    if (lanes.length === 0) lanes.push(this.lanes.ofDestination(destination));
    return lanes.some((lane) => this.gates.gateOf(lane) === null);
  }

  #makeScheduler(): Scheduler {
    const { ports, config, epoch } = this.#surroundings;
    const { repos, clock, files, http, sealer } = ports;
    const ofFiles = fileExecutors(config, {
      repos,
      clock,
      files,
      changes: ports.changes,
      conflicts: this.conflicts,
      buffers: new BufferPool(KEPT_BUFFERS),
      target: (destination) => this.targets.get(destination),
      localPath: (operation) => this.folders.localPath(operation),
      hintDirty: (operation) => {
        this.folders.hintDirty(operation);
      },
    });
    const call = new CallExecutor({ repos, clock, http, sealer, rules: callRules(config(), repos.secrets, ports.env) });
    return new Scheduler({
      ...ports,
      gates: this.gates,
      epoch,
      executors: { ...ofFiles, 'api.call': call },
      lane: (lane) => this.lanes.info(lane),
      retryPolicy: (operation) => this.lanes.retryPolicy(operation),
      leases: (lane) => this.lanes.leases(lane, (destination) => this.targets.pool(destination)),
      onLook: () => {
        this.house.disk.lookIfStale();
        this.targets.refreshLimits();
      },
      onProgress: (operation, doneBytes, inFlightBytes) => {
        this.live.report(operation, doneBytes, inFlightBytes);
        this.hooks.onChange();
      },
      onSettled: (operations) => {
        this.#settled(operations);
      },
      onDiskFull: (error) => {
        this.room.isFull(error);
      },
      onFatal: this.hooks.onFatal,
    });
  }

  #settled(operations: readonly StoredOperation[]): void {
    for (const operation of operations) {
      this.live.ended(operation);
      // What it was to replace is here to stay.
      if (operation.kind === 'file.download' && operation.state === 'cancelled') this.folders.hintDirty(operation);
    }
    this.reach.update();
    this.folders.reconsiderDeletes();
    this.house.wake();
    this.capabilities.wake();
    this.hooks.onChange();
  }
}
