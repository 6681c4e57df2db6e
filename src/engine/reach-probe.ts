import type { Clock, EpochMs, Random } from '../core/ports.ts';
import type { Service } from '../sync/gate-keeper.ts';
import { isAnswer } from './knock.ts';

/** First look at a service that went out of reach, ms; then twice as long each time, up to `MAX_DELAY_MS`. */
const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 10_000;
/** After so many failed looks (ten minutes and a bit) nobody waits in front of the screen any more: then `LONG_DELAY_MS`. */
const PATIENT_LOOKS = 64;
const LONG_DELAY_MS = 30_000;
/** Part of the delay that is random, so that many machines don't come back in step. */
const JITTER = 0.2;
/** One look, ms. */
const LOOK_LIMIT_MS = 15_000;
/** A service that is gone again so soon was not really back: the delays go on growing, ms. */
const RELAPSE_MS = 60_000;

export interface ReachProbeDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Those that are out of reach and may be looked at now. */
  readonly outOfReach: () => readonly Service[];
  /** The cheapest request to it; rejects with what came of it. */
  readonly reach: (service: Service, signal: AbortSignal) => Promise<void>;
  /** It answered as itself, whatever it said. */
  readonly onReached: (service: Service) => void;
}

interface Watched {
  looks: number;
  reachedAt: EpochMs | null;
  cancel: (() => void) | null;
  underWay: AbortController | null;
}

/**
 * Looks at services that are out of reach with a request of its own, far sooner than the waiting operations would try
 * again: so work goes on at once when a service, the network, or the log-in to it comes back, no operation is disturbed
 * meanwhile, and the history of none fills up with tries.
 */
export class ReachProbe {
  readonly #deps: ReachProbeDeps;
  readonly #watched = new Map<Service, Watched>();
  #stopped = false;

  constructor(deps: ReachProbeDeps) {
    this.#deps = deps;
  }

  /** Something may have gone out of reach, or may be looked at again. Cheap. */
  update(): void {
    if (this.#stopped) return;
    const out = new Set(this.#deps.outOfReach());
    for (const service of out) {
      const watched = this.#watch(service);
      if (watched.cancel === null && watched.underWay === null) this.#arm(service, watched);
    }
    for (const [service, watched] of this.#watched) {
      if (out.has(service)) continue;
      watched.cancel?.();
      watched.cancel = null;
    }
  }

  /** The network is another one, or the machine woke up: delays begin anew. */
  startOver(): void {
    for (const watched of this.#watched.values()) {
      watched.looks = 0;
      watched.cancel?.();
      watched.cancel = null;
    }
    this.update();
  }

  stop(): void {
    this.#stopped = true;
    for (const watched of this.#watched.values()) {
      watched.cancel?.();
      watched.underWay?.abort();
    }
  }

  #watch(service: Service): Watched {
    const known = this.#watched.get(service);
    if (known !== undefined) {
      const { reachedAt } = known;
      if (reachedAt !== null && this.#deps.clock.now() - reachedAt > RELAPSE_MS) known.looks = 0;
      return known;
    }
    const made: Watched = { looks: 0, reachedAt: null, cancel: null, underWay: null };
    this.#watched.set(service, made);
    return made;
  }

  #arm(service: Service, watched: Watched): void {
    const growing = Math.min(FIRST_DELAY_MS * 2 ** Math.min(watched.looks, 10), MAX_DELAY_MS);
    const delayMs = watched.looks < PATIENT_LOOKS ? growing : LONG_DELAY_MS;
    watched.cancel = this.#deps.clock.setTimer(delayMs * (1 - JITTER * this.#deps.random.fraction()), () => {
      watched.cancel = null;
      void this.#look(service, watched);
    });
  }

  async #look(service: Service, watched: Watched): Promise<void> {
    if (this.#stopped || !this.#deps.outOfReach().includes(service)) return;
    watched.looks += 1;
    const underWay = new AbortController();
    watched.underWay = underWay;
    const cancelLimit = this.#deps.clock.setTimer(LOOK_LIMIT_MS, () => {
      underWay.abort();
    });
    const reached = await this.#deps.reach(service, underWay.signal).then(
      () => true,
      (error: unknown) => !underWay.signal.aborted && isAnswer(error),
    );
    cancelLimit();
    watched.underWay = null;
    if (this.#stopped) return;
    if (reached) {
      watched.reachedAt = this.#deps.clock.now();
      this.#deps.onReached(service);
    }
    this.update();
  }
}
