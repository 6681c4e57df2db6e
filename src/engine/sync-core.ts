import type { LongshoreConfig } from '../config/config-types.ts';
import type { OperationKind } from '../core/operation.ts';
import type { EpochMs } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { Params } from '../protocol/contract.ts';
import { MAX_AFTER_UPLOAD_WAIT_MS } from '../sync/after-upload.ts';
import type { CapabilityKeeper } from '../sync/capabilities/capability-keeper.ts';
import type { Commands } from '../sync/commands.ts';
import type { AutomaticDecisions } from '../sync/conflicts/automatic-decisions.ts';
import type { ConflictRules } from '../sync/conflicts/conflict-rules.ts';
import type { FolderSync } from '../sync/folder-sync.ts';
import type { GateKeeper, PowerState } from '../sync/gate-keeper.ts';
import { MAX_CLEANUP_WAIT_MS } from '../sync/janitor.ts';
import type { Scheduler } from '../sync/scheduler.ts';
import type { Alarm } from '../sync/watchdog.ts';
import { watchClock, type ClockLook } from './clock-watch.ts';
import { smoothChange } from './config-change.ts';
import { WiredParts } from './wired-parts.ts';
import type { Folders } from './folders.ts';
import type { Housekeeping } from './housekeeping.ts';
import { gateRules, type Lanes } from './lanes.ts';
import type { LiveProgress } from './live-progress.ts';
import type { Reachability } from './reachability.ts';
import { recover } from './recover.ts';
import { EngineStops, restoreObject } from './restore-object.ts';
import type { CoreHooks, CorePorts } from './sync-core-ports.ts';
import type { Targets } from './targets.ts';

/** Within this after a wake-up, further news of one are about the same sleep, ms: longer than the clocks' period. */
const ONE_SLEEP_MS = 30_000;

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
  readonly #parts: WiredParts;
  readonly #folders: Folders;
  readonly #scheduler: Scheduler;
  readonly #house: Housekeeping;
  readonly #reach: Reachability;
  readonly #stopping = new AbortController();
  #stopClockWatch: () => void = () => undefined;
  #started = false;
  /** Monotonic. */
  #wokeUpAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: CorePorts, config: LongshoreConfig, epoch: number, hooks: CoreHooks) {
    this.#ports = ports;
    this.config = config;
    this.epoch = epoch;
    const wake = () => {
      this.wake();
    };
    const parts = new WiredParts({ ports, hooks, epoch, config: () => this.config, wake });
    this.#parts = parts;
    this.repos = parts.repos;
    this.gates = parts.gates;
    this.lanes = parts.lanes;
    this.targets = parts.targets;
    this.live = parts.live;
    this.commands = parts.commands;
    this.capabilities = parts.capabilities;
    this.conflicts = parts.conflicts;
    this.#folders = parts.folders;
    this.#scheduler = parts.scheduler;
    this.#house = parts.house;
    this.#reach = parts.reach;
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
    this.#folders.start();
    this.#scheduler.wake();
    this.#house.start();
    this.capabilities.wake();
  }

  /** Stops everything at its checkpoint; resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stopClockWatch();
    this.#stopping.abort(new EngineStops());
    this.#reach.stop();
    this.#house.stopLooking();
    // All at once: each has its own grace for what is in flight, and together they have five seconds.
    await Promise.all([this.#folders.stop(), this.#house.stop(), this.capabilities.stop(), this.#scheduler.shutdown()]);
    this.targets.close();
  }

  folder(name: string): FolderSync | null {
    return this.#folders.get(name);
  }

  /** Something became possible, from outside: a new operation, a resume. */
  wake(): void {
    this.#parts.hooks.onChange();
    if (!this.#started) return;
    this.#folders.reconsiderDeletes();
    this.#scheduler.wake();
    this.#house.wake();
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
    this.#reach.lookAgain();
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
    this.#reach.setOffline(offline);
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
    this.#reach.lookAgain();
    this.wake();
  }

  /**
   * The machine slept: the network may be another one, no watcher saw what happened meanwhile, and connections from before
   * are most likely dead without knowing it. What hangs on them would stand still until it counts as stalled; it starts anew
   * from its checkpoint, at once. A host and the clocks may both tell of the same sleep.
   */
  wokeUp(): void {
    const nowMs = this.#ports.clock.monotonicMs();
    if (nowMs - this.#wokeUpAtMs > ONE_SLEEP_MS)
      this.#scheduler.stop((operation) => operation.kind !== 'api.call', 'pause');
    this.#wokeUpAtMs = nowMs;
    this.networkChanged();
    this.rescan();
  }

  /** Something was set right by a person: everything deserves a fresh look. */
  lookAgain(): void {
    this.#reach.lookAgain();
    this.rescan();
    this.wake();
  }

  /** How far a destination's clock is ahead of ours (< 0: behind), ms; null while nothing is known. */
  skewMs(destination: string): number | null {
    return this.#parts.clocks.skewMs(destination);
  }

  /** Whether any destination on another machine answers; asked when a host says that there is no network. */
  anyAnswer(signal: AbortSignal): Promise<boolean> {
    return this.#reach.anyAnswer(signal);
  }

  /** A person decided about a folder's deletes or its root; that stands in the database. */
  decided(folder: string): void {
    this.#folders.get(folder)?.decided();
    this.wake();
  }

  rescan(folder?: string): void {
    this.#folders.rescan(folder);
  }

  /** What its folder says about conflicts; null for a call. */
  strategyOf(operation: StoredOperation): ConflictRules['strategy'] | null {
    return operation.kind === 'api.call' ? null : this.#parts.conflictRules(operation).strategy;
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
        stopped: this.#stopping.signal,
        stopRunning: (operation, reason) => {
          this.#parts.stopRunning(operation, reason);
        },
      },
      request,
    );
  }

  /** The absolute path of an operation's file. */
  localPath(operation: StoredOperation): string | null {
    return this.#folders.localPath(operation);
  }

  /** Nothing runs, starts or is being looked at; what is due later or gated does not count. */
  idle(): boolean {
    return this.#folders.idle() && this.#scheduler.runningCount() === 0 && this.#house.idle();
  }

  /** What is to happen at a time of day must not wait for that time to come round again. */
  #clockLookedAt({ byMs, overslept }: ClockLook): void {
    try {
      const moved = this.repos.transaction(() => {
        const { operations, cleanups, afterUploads } = this.repos;
        const latest = (waitMs: number) => this.#ports.clock.now() + (byMs < 0 ? 0 : waitMs);
        return (
          operations.boundDue() +
          cleanups.boundDue(latest(MAX_CLEANUP_WAIT_MS)) +
          afterUploads.boundDue(latest(MAX_AFTER_UPLOAD_WAIT_MS))
        );
      });
      if (byMs !== 0 || overslept) this.wokeUp();
      else if (moved > 0) this.wake();
    } catch (error) {
      this.#parts.hooks.onFatal(error);
    }
  }

  /** The kinds of all that runs now: there is never much of it. */
  runningKinds(): ReadonlySet<OperationKind> {
    const kinds = new Set<OperationKind>();
    for (const { operation } of this.#scheduler.running()) kinds.add(operation.kind);
    return kinds;
  }

  /** Where the queue lies. */
  get dataDir(): string {
    return this.#ports.dataDir;
  }

  /** What Longshore had to heal in itself within the last hour, newest first. */
  alarms(): readonly Alarm[] {
    return this.#house.alarms();
  }

  /**
   * Takes another configuration over without stopping what it leaves as it is: folders come, go and change their rules,
   * limits change, transfers go on. False when it changes more than that, and nothing was done: it takes a new core.
   */
  async reconfigure(config: LongshoreConfig): Promise<boolean> {
    const change = smoothChange(this.config, config);
    if (change === null) return false;
    await this.#folders.stop([...change.removed, ...change.renewed]);
    this.config = config;
    this.gates.setRules(gateRules(config));
    this.targets.setLimits(config);
    this.#folders.replace(config, change.removed, change.renewed);
    const resting = new Set([...change.removed, ...change.paused]);
    const renewed = new Set(change.renewed);
    // A move deletes as its folder's mode says; it looks again before it does.
    this.#scheduler.stop(
      ({ folder, kind }) => folder !== null && (resting.has(folder) || (kind === 'file.move' && renewed.has(folder))),
      'pause',
    );
    this.wake();
    return true;
  }

  /** Something abandoned is to be cleaned up at a service until `until`. */
  cleanupDueBy(until: EpochMs): boolean {
    return this.#house.janitor.dueBy(until);
  }
}
