/** What people write on the command line, as values. Each throws commander's InvalidArgumentError, which says which option. */
import { InvalidArgumentError } from 'commander';
import { parseDurationMs } from '../config/units.ts';
import { OPERATION_KINDS, PRIORITIES, type OperationKind, type Priority } from '../core/operation.ts';
import { STATES, type State } from '../core/states.ts';
import { usageError } from './exit-codes.ts';

/** `30m` in ms, at least 1. */
export function durationArgument(text: string): number {
  const durationMs = parseDurationMs(text);
  if (durationMs === null || durationMs < 1)
    throw new InvalidArgumentError('Write a duration such as 90s, 30m, 2h or 1d.');
  return durationMs;
}

/** ISO 8601 with or without a time and a zone (without: this machine's), or a duration back from now; ISO 8601 UTC. */
export function timeArgument(text: string, nowMs: number): string {
  const backMs = parseDurationMs(text);
  if (backMs !== null) return new Date(Math.max(0, nowMs - backMs)).toISOString();
  const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;
  // A date alone is read as UTC by Date; people mean their own day.
  const dated = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00` : text.replace(' ', 'T');
  const time = ISO.test(text) ? Date.parse(dated) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError(
      'Write a time such as 2026-07-01, 2026-07-01T14:00:00Z, or a duration back from now such as 2h.',
    );
  }
  return new Date(time).toISOString();
}

/** Repeatable, and lists with commas. */
export function statesArgument(text: string, before: readonly State[] = []): readonly State[] {
  const added = text.split(',').map((word) => choose(word.trim(), STATES));
  return [...new Set([...before, ...added])];
}

export function kindArgument(text: string): OperationKind {
  return choose(text, OPERATION_KINDS);
}

export function priorityArgument(text: string): Priority {
  return choose(text, PRIORITIES);
}

/**
 * Repeatable `Name: value`. Names don't differ by case alone. Throws `CliError`: commander would repeat the whole
 * argument, which may hold a secret.
 */
export function headerArgument(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(0, colon)).trim();
  // RFC 9110 section 5.6.2: a token.
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) throw usageError('A --header is not written as Name:value.');
  const value = text.slice(colon + 1).trim();
  if (/[\r\n\0]/.test(value)) throw usageError(`The value of --header ${name} holds a line break.`);
  if (Object.keys(before).some((other) => other.toLowerCase() === name.toLowerCase())) {
    throw usageError(`The --header ${name} is given twice.`);
  }
  return { ...before, [name]: value };
}

/** A whole number from 1 to `max`. */
export function countArgument(text: string, max: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > max) throw new InvalidArgumentError(`Write a whole number from 1 to ${max}.`);
  return count;
}

function choose<T extends string>(word: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === word);
  if (found === undefined) throw new InvalidArgumentError(`Choose from: ${choices.join(', ')}.`);
  return found;
}
