import type { Alarm } from '../sync/watchdog.ts';
import type { EpochMs } from '../core/ports.ts';
import { FOREVER } from '../db/stored-operation.ts';
import { AfterUpload } from '../sync/after-upload.ts';
import type { GateKeeper } from '../sync/gate-keeper.ts';
import { Janitor } from '../sync/janitor.ts';
import type { Scheduler } from '../sync/scheduler.ts';
import { folderLane } from '../sync/specs.ts';
import { Upkeep } from '../sync/upkeep.ts';
import { Watchdog } from '../sync/watchdog.ts';
import type { DiskRoom } from './disk-room.ts';
import { DiskWatch } from './disk-watch.ts';
import { afterUploadRule } from './file-executors.ts';
import type { Folders } from './folders.ts';
import { destinationService, type Lanes } from './lanes.ts';
import type { Reachability } from './reachability.ts';
import type { CoreHooks, CorePorts } from './sync-core-ports.ts';
import type { Targets } from './targets.ts';
import type { LongshoreConfig } from '../config/config-types.ts';

export interface HousekeepingDeps {
  readonly ports: CorePorts;
  readonly hooks: CoreHooks;
  readonly config: () => LongshoreConfig;
  readonly gates: GateKeeper;
  readonly lanes: Lanes;
  readonly targets: Targets;
  readonly folders: Folders;
  readonly reach: Reachability;
  readonly scheduler: Scheduler;
  readonly room: DiskRoom;
  readonly wake: () => void;
}

/** What keeps order beside the work itself: cleanups, what follows an upload, old rows, free disk, a queue that sleeps. */
export class Housekeeping {
  readonly janitor: Janitor;
  readonly disk: DiskWatch;
  readonly #afterUpload: AfterUpload;
  readonly #upkeep: Upkeep;
  readonly #watchdog: Watchdog;
  readonly #deps: HousekeepingDeps;

  constructor(deps: HousekeepingDeps) {
    this.#deps = deps;
    this.janitor = this.#makeJanitor();
    this.#afterUpload = this.#makeAfterUpload();
    const { ports, hooks } = deps;
    this.#upkeep = new Upkeep({ ...ports, keepDays: deps.config().history.keepDays, onFatal: hooks.onFatal });
    this.disk = this.#makeDiskWatch();
    this.#watchdog = this.#makeWatchdog();
  }

  start(): void {
    this.wake();
    this.#upkeep.start();
    this.disk.start();
    this.#watchdog.start();
  }

  /** Stops what only looks. */
  stopLooking(): void {
    this.#upkeep.stop();
    this.disk.stop();
    this.#watchdog.stop();
  }

  /** Stops what works, after what is in flight. */
  async stop(): Promise<void> {
    await Promise.all([this.janitor.stop(), this.#afterUpload.stop()]);
  }

  wake(): void {
    this.janitor.wake();
    this.#afterUpload.wake();
  }

  idle(): boolean {
    return this.janitor.idle() && this.#afterUpload.idle();
  }

  /** What Longshore had to heal in itself within the last hour, newest first. */
  alarms(): readonly Alarm[] {
    return this.#watchdog.alarms();
  }

  #makeJanitor(): Janitor {
    const { ports, hooks, gates, targets, reach } = this.#deps;
    const opensAt = (destination: string): EpochMs =>
      Math.max(gates.pausedUntil('all') ?? 0, gates.unreachable(destinationService(destination))?.nextTryAt ?? 0);
    return new Janitor({
      ...ports,
      target: (destination) => targets.get(destination),
      // A cleanup may be all there is to find out whether the service is back: its next try is not waited for longer.
      isOpen: (destination) =>
        !gates.diskFull &&
        gates.pausedUntil('all') === null &&
        opensAt(destination) <= ports.clock.now() &&
        !reach.isOffline(destination),
      opensAt: (destination) => {
        if (gates.diskFull || reach.isOffline(destination)) return null;
        const at = opensAt(destination);
        return at === 0 || at >= FOREVER ? null : at;
      },
      heardFrom: (destination, unreachable) => {
        reach.heardFrom(destinationService(destination), unreachable);
      },
      onFatal: hooks.onFatal,
    });
  }

  /** What is done on this machine alone waits for no service, only for pauses and for the folder itself. */
  #makeAfterUpload(): AfterUpload {
    const { ports, hooks, config, folders, gates, lanes } = this.#deps;
    return new AfterUpload({
      ...ports,
      root: (folder) => folders.get(folder)?.folder.root ?? null,
      rule: (intent) => afterUploadRule(config(), intent),
      isOpen: (folder) => {
        const { gate, pauseScopes } = lanes.info(folderLane(folder));
        return !gates.diskFull && gate === null && pauseScopes.every((scope) => gates.pausedUntil(scope) === null);
      },
      onChange: hooks.onChange,
      onFatal: hooks.onFatal,
    });
  }

  #makeDiskWatch(): DiskWatch {
    const { ports, hooks, room } = this.#deps;
    const { clock, changes, dataDir } = ports;
    return new DiskWatch({
      clock,
      freeBytes: () => changes.freeBytes(dataDir),
      onLook: (freeBytes) => {
        room.looked(freeBytes);
      },
      onTrouble: (error) => {
        hooks.onTrouble('free disk space', error);
      },
    });
  }

  #makeWatchdog(): Watchdog {
    const { ports, hooks, targets, scheduler, config } = this.#deps;
    return new Watchdog({
      clock: ports.clock,
      lanes: () => ports.repos.claims.lanes(),
      startable: (lane) => scheduler.startable(lane),
      running: () => scheduler.running(),
      isQueued: ({ id, destination }) => destination !== null && targets.pool(destination)?.isWaiting(id) === true,
      stallLimitMs: ({ destination }) =>
        destination === null ? 0 : (config().destinations[destination]?.stallTimeoutMs ?? 0),
      rouse: () => {
        scheduler.rouse();
      },
      giveUp: (operation) => {
        scheduler.giveUp(operation.seq);
      },
      onAlarm: ({ operation, message }) => {
        const { id, resourceKey, state } = operation;
        hooks.onTrouble(`watchdog: ${id}`, new Error(message));
        const details = { message };
        ports.repos.events.append({ operationId: id, resourceKey, type: 'watchdog', from: state, to: state, details });
        hooks.onChange();
      },
      onFatal: hooks.onFatal,
    });
  }
}
