/**
 * How many transfers to one service run at once: additive increase, multiplicative decrease (Chiu and Jain, 1989) with the
 * slow start of TCP (RFC 5681, section 3.1), which ends like BBR's when three rounds brought no more (Cardwell and others,
 * 2016). Rising latency counts as in Netflix's concurrency-limits (`Gradient2Limit`): against a slow average of its own
 * history. What was not made use of is not raised (RFC 7661). All pure, so that traces test it.
 */

/** How one transfer ended. */
export interface TransferSample {
  /** `overloaded`: 503, SlowDown, 429. */
  readonly outcome: 'ok' | 'overloaded' | 'timed-out';
  /** Monotonic, ms. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** From the last byte of the body to the reply, ms: what the service takes, and what waits in buffers before it. */
  readonly waitedMs: number;
  readonly bytes: number;
  /** Transfers under way when it started, itself included. */
  readonly inFlight: number;
}

export interface ConcurrencyBounds {
  /** ≥ 1. */
  readonly min: number;
  readonly max: number;
}

interface Round {
  readonly startedMs: number;
  readonly replies: number;
  /** Bytes and requests in one measure. */
  readonly work: number;
  readonly mostInFlight: number;
  /** Sums over the replies. */
  readonly slowdown: number;
  readonly waitedMs: number;
}

export interface Concurrency {
  readonly limit: number;
  readonly phase: 'slow-start' | 'avoidance';
  /** What started before the last decrease says nothing about what holds since. */
  readonly decreasedAtMs: number;
  readonly round: Round;
  readonly bestWorkPerMs: number;
  /** Rounds of slow start that brought no more. */
  readonly flatRounds: number;
  /** The usual wait per class of size, ms; 0 where none is known. */
  readonly usualMs: readonly number[];
}

/** What a request costs beside its bytes, as bytes: about what a service does in the time of a small one. */
const REQUEST_WORTH_BYTES = 256 * 1024;
/** Waits of transfers of like size are compared: up to each of these bytes, and above. */
const SIZE_CLASSES = [64 * 1024, 1024 * 1024, 16 * 1024 * 1024] as const;
/** BBR: the pipe is full when three rounds grew by less than a quarter. */
const GROWTH = 1.25;
const FLAT_ROUNDS = 3;
/** RFC 5681: half of what was under way. */
const DECREASE = 0.5;
/** Gradient2: a wait up to this many times the usual one is queueing that keeps the service busy. */
const TOLERATED_SLOWDOWN = 2;
/** Nobody minds a wait below this, ms; and below it the noise of a fast service is all there is. */
const TOLERATED_WAIT_MS = 250;
/** A faster reply soon is the usual one; a slower one only after some hundreds (Gradient2: 600 samples). */
const USUAL_FALLS_BY = 0.25;
const USUAL_RISES_BY = 0.005;
/** Our choice: enough to hide a round trip, too few to hurt anyone. */
const START = 4;

export function startConcurrency(bounds: ConcurrencyBounds, start = START): Concurrency {
  return {
    limit: clamp(start, bounds),
    phase: 'slow-start',
    decreasedAtMs: Number.NEGATIVE_INFINITY,
    round: emptyRound(0),
    bestWorkPerMs: 0,
    flatRounds: 0,
    usualMs: [0, 0, 0, 0],
  };
}

/** What holds after a transfer has ended. A round is as many replies as the limit: about one round trip. */
export function adaptConcurrency(state: Concurrency, sample: TransferSample, bounds: ConcurrencyBounds): Concurrency {
  if (sample.outcome !== 'ok') {
    if (sample.startedMs < state.decreasedAtMs) return state;
    return decreased(state, state.limit * DECREASE, sample.endedMs, bounds);
  }
  const counted = countReply(state, sample);
  return counted.round.replies < state.limit ? counted : endRound(counted, sample.endedMs, bounds);
}

/** The bounds changed: what was learnt stays as far as they allow. */
export function rebound(state: Concurrency, bounds: ConcurrencyBounds): Concurrency {
  return { ...state, limit: clamp(state.limit, bounds) };
}

function countReply(state: Concurrency, sample: TransferSample): Concurrency {
  const sizeClass = SIZE_CLASSES.filter((upTo) => sample.bytes > upTo).length;
  const usual = state.usualMs[sizeClass] ?? 0;
  const waitedMs = Math.max(sample.waitedMs, 0.1);
  const moved =
    usual === 0 ? waitedMs : usual + (waitedMs - usual) * (waitedMs < usual ? USUAL_FALLS_BY : USUAL_RISES_BY);
  const { round } = state;
  return {
    ...state,
    usualMs: state.usualMs.map((value, index) => (index === sizeClass ? moved : value)),
    round: {
      startedMs: round.replies === 0 ? sample.startedMs : Math.min(round.startedMs, sample.startedMs),
      replies: round.replies + 1,
      work: round.work + sample.bytes + REQUEST_WORTH_BYTES,
      mostInFlight: Math.max(round.mostInFlight, sample.inFlight),
      slowdown: round.slowdown + (usual === 0 ? 1 : waitedMs / usual),
      waitedMs: round.waitedMs + waitedMs,
    },
  };
}

function endRound(state: Concurrency, endedMs: number, bounds: ConcurrencyBounds): Concurrency {
  const { round, limit } = state;
  const next = { ...state, round: emptyRound(endedMs) };
  const slowdown = round.slowdown / round.replies;
  if (slowdown > TOLERATED_SLOWDOWN && round.waitedMs / round.replies > TOLERATED_WAIT_MS) {
    return decreased(next, limit * Math.max(DECREASE, TOLERATED_SLOWDOWN / slowdown), endedMs, bounds);
  }
  if (round.mostInFlight < limit) return next;
  if (state.phase === 'avoidance') return { ...next, limit: clamp(limit + 1, bounds) };
  const workPerMs = round.work / Math.max(1, endedMs - round.startedMs);
  const grew = workPerMs >= state.bestWorkPerMs * GROWTH;
  const flatRounds = grew ? 0 : state.flatRounds + 1;
  if (flatRounds >= FLAT_ROUNDS) return { ...next, phase: 'avoidance' };
  return {
    ...next,
    limit: clamp(limit * 2, bounds),
    flatRounds,
    bestWorkPerMs: grew ? workPerMs : state.bestWorkPerMs,
  };
}

function decreased(state: Concurrency, limit: number, atMs: number, bounds: ConcurrencyBounds): Concurrency {
  return {
    ...state,
    limit: clamp(Math.floor(limit), bounds),
    phase: 'avoidance',
    decreasedAtMs: atMs,
    round: emptyRound(atMs),
  };
}

function emptyRound(startedMs: number): Round {
  return { startedMs, replies: 0, work: 0, mostInFlight: 0, slowdown: 0, waitedMs: 0 };
}

function clamp(limit: number, bounds: ConcurrencyBounds): number {
  return Math.min(Math.max(limit, bounds.min), bounds.max);
}
