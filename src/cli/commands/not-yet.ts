import type { Command } from 'commander';
import { notAvailable } from '../exit-codes.ts';
import type { RegisterCommands } from './register.ts';

/** Commands of the contract that nothing is built for yet: refused by name, whatever stands after them. */
const NOT_YET = {
  verify: 'Compare by hand: longshore ls shows what was sent, and whether it was verified.',
  metrics: 'longshore status --json has counts, bytes and speed.',
  health: 'longshore status and longshore doctor tell what needs attention.',
  diagnostics: 'longshore doctor --json and longshore events --json hold most of it.',
} as const;

const FLOW_COMMANDS = ['ls', 'run', 'show'] as const;

export const registerNotYet: RegisterCommands = (program) => {
  for (const [name, instead] of Object.entries(NOT_YET)) {
    refuse(program.command(name), `longshore ${name}`, instead);
  }
  const flow = program.command('flow').description('not available yet');
  const instead = 'Single calls can be queued with: longshore call';
  for (const name of FLOW_COMMANDS) refuse(flow.command(name), `longshore flow ${name}`, instead);
};

function refuse(command: Command, name: string, instead: string): void {
  command
    .description('not available yet')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw notAvailable(name, instead);
    });
}
