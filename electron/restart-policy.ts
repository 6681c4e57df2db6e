/**
 * What the host does when the engine's process has ended: a decision about values, no I/O. Times in ms.
 */

/** Exit codes of the engine (CONTRACT.md) that mean more than "it died". */
const CONFIG_INVALID_EXIT_CODE = 2;
const LOCK_HELD_EXIT_CODE = 5;

const firstDelayMs = 250;
const longestDelayMs = 30_000;
/** An engine that ran that long was healthy: what happens next is a new story. */
const healthyAfterMs = 60_000;
/** Another engine seldom goes within seconds, and asking it often helps nobody. */
const lockHeldDelayMs = 5_000;
/** From here on people are told that it failed, although the host goes on trying. */
const failedAfterDeaths = 6;

export interface EngineDeath {
  /** Of a process that a signal ended, Electron gives the signal's number: 2 and 5 are SIGINT and SIGTRAP too. */
  readonly exitCode: number;
  /** It had answered before: whatever the number, it was no refusal to start. */
  readonly wasRunning: boolean;
  /** It gave its reason on the error stream, as it does when it refuses to start. */
  readonly gaveReason: boolean;
  readonly uptimeMs: number;
  /** Deaths in a row before this one. */
  readonly deathsBefore: number;
}

export type DeathReason = 'died' | 'lock-held' | 'config-invalid';

export interface RestartDecision {
  readonly reason: DeathReason;
  readonly state: 'restarting' | 'failed';
  /** When to start again; null waits for a change of the configuration or for a person. */
  readonly delayMs: number | null;
  /** Deaths in a row, this one included, for the next decision. */
  readonly deaths: number;
}

/** The delay before the start that follows `deaths` deaths in a row (≥ 1): 250 ms doubling up to 30 s. */
export function restartDelayMs(deaths: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(deaths - 1, 20));
}

export function decideAfterDeath(death: EngineDeath): RestartDecision {
  const { exitCode, uptimeMs, deathsBefore } = death;
  const refused = death.gaveReason && !death.wasRunning;
  if (refused && exitCode === CONFIG_INVALID_EXIT_CODE) {
    return { reason: 'config-invalid', state: 'failed', delayMs: null, deaths: 0 };
  }
  if (refused && exitCode === LOCK_HELD_EXIT_CODE) {
    return { reason: 'lock-held', state: 'failed', delayMs: lockHeldDelayMs, deaths: 0 };
  }
  const deaths = uptimeMs >= healthyAfterMs ? 1 : deathsBefore + 1;
  return {
    reason: 'died',
    state: deaths >= failedAfterDeaths ? 'failed' : 'restarting',
    delayMs: restartDelayMs(deaths),
    deaths,
  };
}
