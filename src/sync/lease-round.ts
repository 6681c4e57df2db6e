import { assert } from '../core/assert.ts';
import type { Clock } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import type { Leased } from './attempts.ts';
import type { GateKeeper, LaneInfo, Service } from './gate-keeper.ts';
import { agedTurns, chooseCandidates, isLarge, longestWaiting, type LeaseBudget, type Room } from './leasing.ts';

/** Leased ahead of what is transferred: a few, and twice as many as a look finds done, so that the next look comes in time. */
const LEAST_AHEAD = 4;
const AHEAD_PER_DONE = 2;
/** How fast it is forgotten that many were done at once. */
const PACE_KEPT = 0.9;
/** A lane where nothing had waited long is looked at for such again after this, ms: it costs as much as all the rest. */
const AGED_LOOK_MS = 30_000;

export interface LeaseRoundDeps {
  readonly repos: Repositories;
  readonly clock: Clock;
  readonly gates: GateKeeper;
  readonly epoch: number;
  lane(lane: string): LaneInfo;
  /** What may be leased at once of all lanes that work against the same service. */
  leases(lane: string): LeaseBudget;
}

interface OpenLane {
  readonly info: LaneInfo;
  readonly budget: LeaseBudget;
}

/**
 * Leases what may start. Lanes that work against the same service share its budget: first each gets its even part, and one
 * operation at least, then those that have more to do get what is left over (P10).
 */
export class LeaseRound {
  readonly #deps: LeaseRoundDeps;
  /** Leases per lane since the start. */
  readonly #leases = new Map<string, number>();
  /** Lanes where nothing had waited long, with when that was; monotonic, ms. */
  readonly #youngAtMs = new Map<string, number>();
  /** Operations that were done between two looks, lately, per service. */
  readonly #pace = new Map<Service, number>();
  #rounds = 0;
  /** Services of which this round leased a probe. */
  #probed: Service[] = [];

  constructor(deps: LeaseRoundDeps) {
    this.#deps = deps;
  }

  /** In the caller's transaction. `busy` is what runs, `ended` what ends in this very transaction. */
  lease(busy: readonly Leased[], ended: readonly Leased[]): Leased[] {
    this.#notePace(ended);
    const started: Leased[] = [];
    const lanes = this.#openLanes();
    const sharing: OpenLane[] = [];
    for (const lane of lanes) {
      // A probe that was just started shuts the other lanes of its service.
      const allowance = this.#deps.gates.allowance(lane.info);
      if (allowance === 'none') continue;
      const probe = allowance === 'probe';
      const sharers = lanes.filter(({ info }) => info.service === lane.info.service).length;
      const even = probe ? { small: 1, large: 1 } : evenPart(lane.budget, sharers);
      const room = probe ? even : minus(even, used(lane, busy, byLane(lane)));
      const chosen = this.#choose(lane, room).slice(0, probe ? 1 : undefined);
      started.push(...this.#take(chosen, lane.info, probe));
      if (probe && chosen.length > 0) {
        this.#deps.gates.startProbe(lane.info.service);
        this.#probed.push(lane.info.service);
      }
      if (!probe && sharers > 1) sharing.push(lane);
    }
    for (const lane of sharing) {
      const left = minus(lane.budget, used(lane, [...busy, ...started], byService(lane)));
      started.push(...this.#take(this.#choose(lane, left), lane.info, false));
    }
    return started;
  }

  /** Before the transaction of a round. */
  begin(): void {
    this.#probed = [];
  }

  /** The transaction of this round came to nothing: none of its probes runs, and none may be waited for. */
  rolledBack(): void {
    for (const service of this.#probed) this.#deps.gates.probeEnded(service);
    this.#probed = [];
  }

  /** What of a lane could start now, were it not for whoever should have started it; null when nothing could. */
  startable(lane: string, busy: readonly Leased[]): StoredOperation | null {
    const open: OpenLane = { info: this.#deps.lane(lane), budget: this.#deps.leases(lane) };
    if (this.#deps.gates.allowance(open.info) !== 'all') return null;
    const room = minus(open.budget, used(open, busy, byService(open)));
    return this.#choose(open, room)[0] ?? null;
  }

  /** Each round begins with another lane. */
  #openLanes(): OpenLane[] {
    const names = this.#deps.repos.claims.lanes();
    this.#rounds += 1;
    const first = names.length === 0 ? 0 : this.#rounds % names.length;
    return [...names.slice(first), ...names.slice(0, first)]
      .map((name): OpenLane => {
        const info = this.#deps.lane(name);
        return { info, budget: this.#stretched(this.#deps.leases(name), info.service) };
      })
      .filter(({ info }) => this.#deps.gates.allowance(info) !== 'none');
  }

  #notePace(ended: readonly Leased[]): void {
    for (const [service, pace] of this.#pace) this.#pace.set(service, pace * PACE_KEPT);
    const done = Map.groupBy(ended, ({ lane }) => lane.service);
    for (const [service, all] of done) this.#pace.set(service, Math.max(this.#pace.get(service) ?? 0, all.length));
  }

  #stretched(budget: LeaseBudget, service: Service): LeaseBudget {
    const wanted = LEAST_AHEAD + AHEAD_PER_DONE * Math.ceil(this.#pace.get(service) ?? 0);
    return { ...budget, small: budget.small + Math.min(budget.ahead, wanted) };
  }

  #choose({ info, budget }: OpenLane, room: Room): StoredOperation[] {
    if (room.small <= 0 && room.large <= 0) return [];
    const { lane } = info;
    const aged = this.#aged(lane, room.small + room.large);
    return chooseCandidates(this.#deps.repos.claims, { lane, budget, room, aged, now: this.#deps.clock.now() });
  }

  #aged(lane: string, count: number): StoredOperation[] {
    const { clock, repos } = this.#deps;
    const turns = agedTurns(this.#leases.get(lane) ?? 0, count);
    const nowMs = clock.monotonicMs();
    if (turns === 0 || nowMs - (this.#youngAtMs.get(lane) ?? Number.NEGATIVE_INFINITY) < AGED_LOOK_MS) return [];
    const found = longestWaiting(repos.claims, lane, clock.now(), turns);
    if (found.length === 0) this.#youngAtMs.set(lane, nowMs);
    return found;
  }

  #take(chosen: readonly StoredOperation[], lane: LaneInfo, probe: boolean): Leased[] {
    const { repos, clock, epoch } = this.#deps;
    const now = clock.now();
    const leased = repos.operations.transitionAll(
      chosen.map((seen) => ({
        seen,
        event: 'lease',
        change: { leaseEpoch: epoch, leaseAttempt: seen.leaseAttempt + 1, startedAt: seen.startedAt ?? now },
        note: { type: 'started', details: { attempt: seen.attempts + 1 } },
      })),
    );
    this.#leases.set(lane.lane, (this.#leases.get(lane.lane) ?? 0) + chosen.length);
    return leased.map((operation) => {
      assert(operation !== null, 'a candidate read in this transaction can be leased');
      return { operation, lane, probe };
    });
  }
}

function evenPart(budget: LeaseBudget, sharers: number): Room {
  return {
    small: Math.max(1, Math.ceil(budget.small / sharers)),
    large: Math.max(1, Math.ceil(budget.large / sharers)),
  };
}

const byLane =
  ({ info }: OpenLane) =>
  (leased: Leased): boolean =>
    leased.lane.lane === info.lane;

const byService = ({ info }: OpenLane) => {
  const service: Service = info.service;
  return (leased: Leased): boolean => leased.lane.service === service;
};

function used({ budget }: OpenLane, busy: readonly Leased[], counts: (leased: Leased) => boolean): Room {
  let small = 0;
  let large = 0;
  for (const leased of busy) {
    if (!counts(leased)) continue;
    if (isLarge(leased.operation, budget)) large += 1;
    else small += 1;
  }
  return { small, large };
}

function minus(room: Room, taken: Room): Room {
  return { small: Math.max(0, room.small - taken.small), large: Math.max(0, room.large - taken.large) };
}
