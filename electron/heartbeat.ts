/**
 * Whether the engine still lives, judged at every tick of the host: a decision about values, no I/O. Times in ms of one
 * clock that never jumps backwards.
 */

export const HEARTBEAT_TICK_MS = 5_000;
/** An engine that sent nothing for that long is asked. */
const askAfterMs = 10_000;
/** An engine that answered nothing for that long, although asked, is gone. */
const silenceLimitMs = 30_000;
/** Before its first word it may bring a large database up to date. */
const startLimitMs = 120_000;
/** A tick that comes this late means that this process stood still too (sleep, a stopped machine): nobody could answer. */
const stalledTickMs = 3 * HEARTBEAT_TICK_MS;

export interface Pulse {
  readonly nowMs: number;
  readonly lastTickAtMs: number;
  readonly startedAtMs: number;
  /** When anything came from it; null before its first word. */
  readonly lastHeardAtMs: number | null;
  /** When it was asked and has not answered since; null when no question is open. */
  readonly askedAtMs: number | null;
}

export type PulseVerdict = 'fine' | 'ask' | 'excuse' | 'gone';

/** `excuse`: start counting afresh, as if it had just been heard of. */
export function judgePulse({ nowMs, lastTickAtMs, startedAtMs, lastHeardAtMs, askedAtMs }: Pulse): PulseVerdict {
  if (nowMs - lastTickAtMs > stalledTickMs) return 'excuse';
  if (lastHeardAtMs === null) return nowMs - startedAtMs > startLimitMs ? 'gone' : 'fine';
  const silentForMs = nowMs - lastHeardAtMs;
  if (askedAtMs === null) return silentForMs >= askAfterMs ? 'ask' : 'fine';
  return silentForMs >= silenceLimitMs ? 'gone' : 'fine';
}
