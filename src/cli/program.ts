import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import type { CliIo } from './cli-io.ts';
import { createContext } from './command-context.ts';
import { registerCall } from './commands/call.ts';
import { registerConfig } from './commands/config.ts';
import { registerConflicts } from './commands/conflicts.ts';
import { registerDecisions } from './commands/decide.ts';
import { registerDeletes } from './commands/deletes.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEvents } from './commands/events.ts';
import { registerLs } from './commands/ls.ts';
import { registerNotYet } from './commands/not-yet.ts';
import { registerPause } from './commands/pause.ts';
import { globalOptions, type Act } from './commands/register.ts';
import { registerRestore } from './commands/restore.ts';
import { registerRun } from './commands/run.ts';
import { registerSecret } from './commands/secret.ts';
import { registerShow } from './commands/show.ts';
import { registerStatus } from './commands/status.ts';
import { registerUploads } from './commands/uploads.ts';
import { registerWatch } from './commands/watch.ts';
import type { EngineAccess } from './engine-access.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { Output } from './output.ts';
import { reportError } from './report-error.ts';

/** In the order in which people meet them; `help` keeps it. */
const COMMANDS = [
  registerRun,
  registerStatus,
  registerWatch,
  registerLs,
  registerShow,
  registerPause,
  registerDecisions,
  registerConflicts,
  registerDeletes,
  registerRestore,
  registerCall,
  registerEvents,
  registerUploads,
  registerDoctor,
  registerConfig,
  registerSecret,
  registerNotYet,
];

/** Runs one command line (without the program's own name) to its exit code. Never rejects. */
export async function runCli(argv: readonly string[], io: CliIo, access: EngineAccess): Promise<ExitCode> {
  // Usage errors come before the options are known.
  const output = new Output(io, { json: argv.includes('--json'), color: !argv.includes('--no-color') });
  let exitCode: ExitCode = EXIT.fine;
  const act: Act = async (command, work) => {
    exitCode = await work(createContext(io, access, globalOptions(command)));
  };
  try {
    await createProgram(act, io, output).parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    return reportError(error, output, io);
  }
}

function createProgram(act: Act, io: CliIo, output: Output): Command {
  const program = new Command('longshore')
    .description('Gets files and HTTP calls from this computer to where they belong, and shows how that goes.')
    .option('--config <file>', 'the configuration file (LONGSHORE_CONFIG)')
    .option('--data <dir>', 'the data directory: database, socket, logs (LONGSHORE_DATA)')
    .option('--json', 'one JSON document, or one a line for streams')
    .option('--no-color', 'no colours')
    .version(packageJson.version, '--version', 'the version')
    .helpOption('-h, --help', 'this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 fine, 1 unexpected error, 2 wrong usage or configuration, 3 something needs\nattention, 4 no engine is running, 5 another engine holds the data directory.',
    );
  for (const register of COMMANDS) register(program, act, () => io.now());
  forAll(program, (command) => {
    command
      .helpCommand(false)
      .exitOverride()
      .configureOutput({
        writeOut: (text) => output.raw(text),
        writeErr: (text) => io.stderr.write(text),
        outputError: (text, write) => write(usageText(text, helpOf(command), output)),
      });
  });
  return program;
}

function usageText(text: string, help: string, output: Output): string {
  const message = text.replace(/^error: /, '').trim();
  if (output.isJson) {
    return `${JSON.stringify({ error: { kind: 'usage', message, hint: help, exitCode: EXIT.usage } })}\n`;
  }
  return `${output.errorStyle('bad', 'error:')} ${message}\n${help} tells more.\n`;
}

/** How to ask for the help of the command that was used wrongly. */
function helpOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `${names.join(' ')} --help`;
}

function forAll(command: Command, change: (command: Command) => void): void {
  change(command);
  for (const child of command.commands) forAll(child, change);
}
