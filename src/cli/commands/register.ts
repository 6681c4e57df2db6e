import type { Command } from 'commander';
import type { CommandContext, GlobalOptions } from '../command-context.ts';
import type { ExitCode } from '../exit-codes.ts';

/** Turns a command's work into commander's action: makes the context, keeps the exit code. */
export type Act = (command: Command, work: (context: CommandContext) => Promise<ExitCode>) => Promise<void>;

export type RegisterCommands = (program: Command, act: Act, nowMs: () => number) => void;

export function globalOptions(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}
