/** Exit codes as CONTRACT.md fixes them. */
export const EXIT = {
  fine: 0,
  unexpected: 1,
  /** Wrong usage or invalid configuration: whoever called can mend it. */
  usage: 2,
  attention: 3,
  noEngine: 4,
  otherEngine: 5,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command: what happened, what to do, and the exit code. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  readonly hint: string;
  /** Stable word for scripts (`--json`). */
  readonly kind: string;

  constructor(exitCode: ExitCode, kind: string, message: string, hint = '') {
    super(message);
    this.exitCode = exitCode;
    this.kind = kind;
    this.hint = hint;
  }
}

export function usageError(message: string, hint = ''): CliError {
  return new CliError(EXIT.usage, 'usage', message, hint);
}

export function notAvailable(what: string, instead = ''): CliError {
  return new CliError(EXIT.usage, 'not-available', `${what} is not available yet.`, instead);
}

export function noEngine(message = 'No engine is running for this data directory.'): CliError {
  return new CliError(EXIT.noEngine, 'no-engine', message, 'Start one with: longshore run');
}
