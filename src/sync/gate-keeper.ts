import type { Gate } from '../core/operation.ts';
import type { LongshoreError } from '../core/longshore-error.ts';
import type { Clock, EpochMs, Random } from '../core/ports.ts';
import { FOREVER, type StoredOperation } from '../db/stored-operation.ts';
import type { StoredPause } from '../db/pauses-repo.ts';
import { retryDelayMs, type RetryPolicy } from '../resilience/retry-policy.ts';
import { WeekSchedule, type WeekWindow } from '../resilience/week-window.ts';

/** How long an unreachable service is left alone between looks: soon at first, then every minute. */
const REACH_POLICY: RetryPolicy = {
  maxAttempts: Number.MAX_SAFE_INTEGER,
  initialDelayMs: 1000,
  maxDelayMs: 60_000,
  multiplier: 2,
  jitter: 'none',
};
/** Part of the delay that is random, so that many machines don't come back in step. */
const REACH_JITTER = 0.2;

/** What a lane needs to work: `dest:NAME`, `provider:NAME` or `origin:URL`; services fail independently (P10). */
export type Service = string;

export interface LaneInfo {
  readonly lane: string;
  readonly service: Service;
  /** `all`, and what else may be paused: `folder:NAME`, `provider:NAME`. */
  readonly pauseScopes: readonly string[];
  /** A local service is not concerned by the machine being offline. */
  readonly loopback: boolean;
  /** A reason of its own, e.g. a frozen folder or one that the configuration has no longer. */
  readonly gate: Gate | null;
}

/** What the configuration says of gates. */
export interface GateRules {
  /** Files are transferred in these windows only; none: always. */
  readonly workingHours: readonly WeekWindow[];
  readonly pauseOnBattery: boolean;
  readonly pauseOnMetered: boolean;
  /** Below this much room where the database lies nothing new starts. */
  readonly minFreeDiskBytes: number;
}

/** What the host tells of the machine. */
export interface PowerState {
  readonly onBattery: boolean;
  /** The connection is paid by what goes over it. */
  readonly metered: boolean;
}

/** Gates at which transfers that are under way stop at their checkpoint. Behind the others what runs may end. */
const STOPPING_GATES: ReadonlySet<Gate> = new Set(['paused', 'schedule-closed', 'on-battery', 'metered']);

/** The disk is well again only this much above the limit: what is written meanwhile must not shut the gate again at once. */
const DISK_HYSTERESIS = 1.1;

interface Unreachable {
  readonly error: LongshoreError;
  readonly since: EpochMs;
  readonly tries: number;
  readonly nextTryAt: EpochMs;
  /** One operation is let through to see whether the service is back. */
  readonly probing: boolean;
}

/** Why nothing starts, lane by lane. Pauses are in the database; the rest is learnt anew after a start. */
export class GateKeeper {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #unreachable = new Map<Service, Unreachable>();
  readonly #reached = new Set<Service>();
  #pauses = new Map<string, EpochMs>();
  #offline = false;
  /** The database could not be written. */
  #diskFull = false;
  #diskLow = false;
  #freeDiskBytes: number | null = null;
  #rules: GateRules = { workingHours: [], pauseOnBattery: false, pauseOnMetered: false, minFreeDiskBytes: 0 };
  #workingHours = new WeekSchedule<WeekWindow>([]);
  #power: PowerState = { onBattery: false, metered: false };

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  setRules(rules: GateRules): void {
    this.#rules = rules;
    this.#workingHours = new WeekSchedule(rules.workingHours);
    if (this.#freeDiskBytes !== null) this.setFreeDisk(this.#freeDiskBytes);
  }

  setPower(power: PowerState): void {
    this.#power = power;
  }

  /** What is free where the database lies. */
  setFreeDisk(bytes: number): void {
    this.#freeDiskBytes = bytes;
    const { minFreeDiskBytes } = this.#rules;
    this.#diskLow = bytes < (this.#diskLow ? minFreeDiskBytes * DISK_HYSTERESIS : minFreeDiskBytes);
  }

  /** Room for the database is short, or gone: nothing new starts, and no delete is concluded. */
  get diskLow(): boolean {
    return this.#diskFull || this.#diskLow;
  }

  /** The database could not be written for want of room, and it is not known yet that there is some again. */
  get diskFull(): boolean {
    return this.#diskFull;
  }

  get minFreeDiskBytes(): number {
    return this.#rules.minFreeDiskBytes;
  }

  /** What was free at the last look; null before the first. */
  get freeDiskBytes(): number | null {
    return this.#freeDiskBytes;
  }

  setPauses(pauses: readonly StoredPause[]): void {
    this.#pauses = new Map(pauses.map((pause) => [pause.scope, pause.until]));
  }

  setOffline(offline: boolean): void {
    this.#offline = offline;
    // The network is back: whatever was out of reach deserves a look at once.
    if (!offline) this.lookAgainNow();
  }

  setDiskFull(full: boolean): void {
    this.#diskFull = full;
    // What was free before a write was refused says nothing any more.
    if (full) this.#freeDiskBytes = null;
  }

  get offline(): boolean {
    return this.#offline;
  }

  /** Ends every wait for a service, or for this one: network change, wake-up, resume, somebody asks. */
  lookAgainNow(only?: Service): void {
    for (const [service, entry] of this.#unreachable) {
      if (only !== undefined && service !== only) continue;
      this.#unreachable.set(service, { ...entry, nextTryAt: this.#clock.now(), tries: 0 });
    }
  }

  /** The service could not be reached. */
  failedToReach(service: Service, error: LongshoreError): void {
    const now = this.#clock.now();
    const before = this.#unreachable.get(service);
    // Operations that were under way together fail together: that is one failed look, not many.
    if (before !== undefined && !before.probing && before.nextTryAt > now) return;
    const tries = (before?.tries ?? 0) + 1;
    const delayMs = retryDelayMs(REACH_POLICY, tries, 0) * (1 - REACH_JITTER * this.#random.fraction());
    this.#unreachable.set(service, {
      error,
      since: before?.since ?? now,
      tries,
      nextTryAt: now + delayMs,
      probing: false,
    });
  }

  /** The service answered, whatever it said. True when it had been out of reach. */
  reached(service: Service): boolean {
    this.#reached.add(service);
    return this.#unreachable.delete(service);
  }

  /** Takes over what another one has learnt of these services: they are what they were, only the rest is new. */
  inherit(from: GateKeeper, services: readonly Service[]): void {
    for (const service of services) {
      if (from.#reached.has(service)) this.#reached.add(service);
      const entry = from.#unreachable.get(service);
      // What probed it has been stopped.
      if (entry !== undefined) this.#unreachable.set(service, { ...entry, probing: false });
    }
  }

  /** It has answered since the start. */
  wasReached(service: Service): boolean {
    return this.#reached.has(service);
  }

  /** The probing operation ended without an answer of the service (it was stopped, say). */
  probeEnded(service: Service): void {
    const entry = this.#unreachable.get(service);
    if (entry?.probing === true) this.#unreachable.set(service, { ...entry, probing: false });
  }

  unreachable(
    service: Service,
  ): { readonly error: LongshoreError; readonly since: EpochMs; readonly nextTryAt: EpochMs } | null {
    return this.#unreachable.get(service) ?? null;
  }

  /** Services that could not be reached when they were last looked at. */
  outOfReach(): readonly Service[] {
    return [...this.#unreachable.keys()];
  }

  /** Null when the scope is not paused, or not any more. */
  pausedUntil(scope: string): EpochMs | null {
    const until = this.#pauses.get(scope) ?? 0;
    return until > this.#clock.now() ? until : null;
  }

  /** The gate that keeps a lane shut now, or null. */
  gateOf(lane: LaneInfo): Gate | null {
    if (lane.pauseScopes.some((scope) => (this.#pauses.get(scope) ?? 0) > this.#clock.now())) return 'paused';
    if (lane.gate !== null) return lane.gate;
    if (this.diskLow) return 'disk-low';
    const machine = carriesFiles(lane) ? this.#fileGate(lane.loopback) : null;
    if (machine !== null) return machine;
    if (this.#offline && !lane.loopback) return 'offline';
    return this.#unreachable.has(lane.service) ? 'unreachable' : null;
  }

  /** Transfers of the lane that are under way have to stop at their checkpoint. */
  stopsTransfers(lane: LaneInfo): boolean {
    const gate = this.gateOf(lane);
    return gate !== null && STOPPING_GATES.has(gate);
  }

  /** When working hours begin again; null while they last, and when they never will. */
  workingHoursBegin(): EpochMs | null {
    const now = this.#clock.now();
    if (this.#inWorkingHours(now)) return null;
    return this.#workingHours.nextHolding(now);
  }

  /** Gates that hold for files whatever their folder, with what is known of them. */
  machineGates(): readonly ('disk-low' | 'schedule-closed' | 'on-battery' | 'metered')[] {
    return [
      ...(this.diskLow ? (['disk-low'] as const) : []),
      ...(this.#inWorkingHours(this.#clock.now()) ? [] : (['schedule-closed'] as const)),
      ...(this.#power.onBattery && this.#rules.pauseOnBattery ? (['on-battery'] as const) : []),
      ...(this.#power.metered && this.#rules.pauseOnMetered ? (['metered'] as const) : []),
    ];
  }

  /** Working hours, battery and metered lines concern files: calls are small, and other programs wait for them. */
  #fileGate(loopback: boolean): Gate | null {
    if (!this.#inWorkingHours(this.#clock.now())) return 'schedule-closed';
    if (this.#power.onBattery && this.#rules.pauseOnBattery) return 'on-battery';
    return this.#power.metered && this.#rules.pauseOnMetered && !loopback ? 'metered' : null;
  }

  #inWorkingHours(now: EpochMs): boolean {
    return this.#rules.workingHours.length === 0 || this.#workingHours.windowAt(now) !== null;
  }

  /** How many operations of the lane may start at most: none behind a gate, one to probe an unreachable service. */
  allowance(lane: LaneInfo): 'none' | 'probe' | 'all' {
    const gate = this.gateOf(lane);
    if (gate === null) return 'all';
    if (gate !== 'unreachable') return 'none';
    const entry = this.#unreachable.get(lane.service);
    return entry !== undefined && !entry.probing && entry.nextTryAt <= this.#clock.now() ? 'probe' : 'none';
  }

  startProbe(service: Service): void {
    const entry = this.#unreachable.get(service);
    if (entry !== undefined) this.#unreachable.set(service, { ...entry, probing: true });
  }

  /**
   * When, after `since`, a gate opens or shuts by itself: the end of a pause, the next look at a service, the beginning or
   * the end of working hours.
   */
  nextChange(since: EpochMs): EpochMs | null {
    const hours = this.#rules.workingHours.length === 0 ? null : this.#workingHours.nextChange(since);
    const times = [
      ...this.#pauses.values(),
      ...(hours === null ? [] : [hours]),
      ...[...this.#unreachable.values()].filter((entry) => !entry.probing).map((entry) => entry.nextTryAt),
    ];
    const future = times.filter((time) => time > since && time < FOREVER);
    return future.length === 0 ? null : Math.min(...future);
  }
}

/** Lanes of folders are called so (`folderLane`, `deletesLane`). */
function carriesFiles({ lane }: LaneInfo): boolean {
  return lane.startsWith('folder:') || lane.startsWith('deletes:');
}

/** The gate of one operation: its own pause, else its lane's. */
export function gateOfOperation(operation: StoredOperation, laneGate: Gate | null, now: EpochMs): Gate | null {
  if (operation.state !== 'pending' && operation.state !== 'waiting') return null;
  return operation.heldUntil > now ? 'paused' : laneGate;
}
