import { formatProblems } from '../config/problem.ts';
import type { RpcFailure } from '../protocol/contract.ts';
import { RpcDeadlineExceeded, RpcDisconnected, RpcRefusal } from '../protocol/rpc-errors.ts';
import type { CliIo } from './cli-io.ts';
import { isDebugging } from './command-context.ts';
import { engineTrouble } from './engine-access.ts';
import { CliError, EXIT, type ExitCode } from './exit-codes.ts';
import { formatLocalTime } from './format.ts';
import type { Output } from './output.ts';
import { printable } from './printable.ts';

/** What a command ended with, in words and as an exit code. */
export interface CliFailure {
  readonly exitCode: ExitCode;
  readonly kind: string;
  readonly message: string;
  readonly hint: string;
  readonly problems?: readonly unknown[];
}

/** Whatever the caller can mend is usage (2); the rest is unexpected (1). */
const EXIT_OF_KIND = {
  usage: EXIT.usage,
  'not-found': EXIT.usage,
  'not-available': EXIT.usage,
  state: EXIT.usage,
  config: EXIT.usage,
  unexpected: EXIT.unexpected,
} as const satisfies Record<RpcFailure['kind'], ExitCode>;

function failureOf(error: unknown): CliFailure {
  if (error instanceof CliError) {
    return { exitCode: error.exitCode, kind: error.kind, message: error.message, hint: error.hint };
  }
  if (error instanceof RpcRefusal) {
    const { kind, message, hint } = error.failure;
    return { exitCode: EXIT_OF_KIND[kind], kind, message, hint };
  }
  if (error instanceof RpcDisconnected || error instanceof RpcDeadlineExceeded) {
    const hint = 'Whether the request took effect is not known: look with longshore status and longshore ls.';
    return { exitCode: EXIT.unexpected, kind: 'no-answer', message: error.message, hint };
  }
  return engineFailure(error) ?? systemFailure(error);
}

function engineFailure(error: unknown): CliFailure | null {
  const trouble = engineTrouble(error);
  if (trouble === null) return null;
  if (trouble.kind === 'invalid-config') {
    const { problems } = trouble;
    return { exitCode: EXIT.usage, kind: 'config', message: 'The configuration is not valid.', hint: '', problems };
  }
  const { pid, startedAt } = trouble.holder;
  const process =
    pid === null
      ? 'Another engine'
      : `Another engine (process ${pid}${startedAt === null ? '' : `, since ${formatLocalTime(startedAt)}`})`;
  const hint = 'Use that one, or end it first. Another data directory can be named with --data.';
  return { exitCode: EXIT.otherEngine, kind: 'lock-held', message: `${process} holds this data directory.`, hint };
}

function systemFailure(error: unknown): CliFailure {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EACCES' || code === 'EPERM') {
    const hint = 'Use the user who owns it, or name another data directory with --data.';
    return { exitCode: EXIT.unexpected, kind: 'permission', message: `Permission denied (${message}).`, hint };
  }
  // Errors that were made for people say what to do (the database, the data key).
  if (error instanceof Error && 'hint' in error && typeof error.hint === 'string') {
    return { exitCode: EXIT.unexpected, kind: 'unexpected', message, hint: error.hint };
  }
  const hint = 'This should not happen. LONGSHORE_DEBUG=1 shows where it came from.';
  return { exitCode: EXIT.unexpected, kind: 'unexpected', message: `Something went wrong: ${message}`, hint };
}

/** Tells a failure on stderr: words, or one JSON document. Returns the exit code. */
export function reportError(error: unknown, output: Output, io: CliIo): ExitCode {
  const failure = failureOf(error);
  const { exitCode, ...facts } = failure;
  if (output.isJson) {
    output.remark(JSON.stringify({ error: { ...facts, exitCode } }));
  } else {
    output.remark(`${output.errorStyle('bad', 'error:')} ${printable(failure.message)}`);
    const trouble = engineTrouble(error);
    if (trouble?.kind === 'invalid-config') output.remark(formatProblems(trouble.problems));
    if (failure.hint !== '') output.remark(printable(failure.hint));
  }
  if (isDebugging(io) && error instanceof Error) output.remark(error.stack ?? '');
  return exitCode;
}
