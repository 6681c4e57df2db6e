import type { Command } from 'commander';
import { parseS3Keys, secretFault } from '../../config/secret-form.ts';
import { EXIT, usageError } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { readAll, readHidden } from '../read-input.ts';
import type { CliIo } from '../cli-io.ts';
import type { RegisterCommands } from './register.ts';

const MAX_SECRET_BYTES = 65_536;
const ELSEWHERE =
  'Send it to standard input, or type it at the prompt. What was typed here may be in the history of your shell.';

export const registerSecret: RegisterCommands = (program, act) => {
  const secret = program.command('secret').description('secrets that the configuration names: set, ls, rm');
  secret
    .command('set')
    .description('set a secret; its value is read from standard input or a hidden prompt, never from the command line')
    .argument('<name>', 'the name that the configuration uses', secretName)
    // So that a value given here is refused without being repeated.
    .allowExcessArguments()
    .action((name: string, _options: object, command: Command) =>
      act(command, async ({ io, output, withSession }) => {
        if (command.args.length > 1)
          throw usageError('The value of a secret is never taken from the command line.', ELSEWHERE);
        const value = await readSecret(name, io);
        await withSession('write', ({ client }) => client.call('secret.set', { name, value }));
        if (output.isJson) output.document({ name, set: true });
        else output.text(`The secret ${name} is set.`);
        // Kept as it is all the same: a password may look like this.
        const fault = secretFault(value, 'header');
        if (fault !== null && parseS3Keys(value) === null)
          output.remark(`Its value ${fault}. If that is not meant, set it again.`);
        return EXIT.fine;
      }),
    );
  secret
    .command('ls')
    .description('names of the secrets; values are never shown')
    .action((_options: object, command) =>
      act(command, async ({ output, withSession }) => {
        const { names } = await withSession('write', ({ client }) => client.call('secret.ls', {}));
        if (output.isJson) output.document({ names });
        else if (names.length === 0) output.text('No secrets are set.');
        else output.text(...names.map(printable));
        return EXIT.fine;
      }),
    );
  secret
    .command('rm')
    .description('forget a secret')
    .argument('<name>', 'its name', secretName)
    .action((name: string, _options: object, command) =>
      act(command, async ({ output, withSession }) => {
        const { removed } = await withSession('write', ({ client }) => client.call('secret.rm', { name }));
        if (output.isJson) output.document({ name, removed });
        else if (removed) output.text(`The secret ${name} is gone.`);
        else output.remark(`There is no secret ${name}.`);
        return removed ? EXIT.fine : EXIT.usage;
      }),
    );
};

/** Throws `CliError`: commander would repeat the argument, and someone may have typed the value. */
function secretName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(text)) return text;
  throw usageError('That is no name for a secret.', 'A name has letters, digits, ".", "_" and "-".');
}

async function readSecret(name: string, io: CliIo): Promise<string> {
  const value = io.stdin.isTTY
    ? await readHidden(io.stdin, `Value of ${name} (not shown): `, (text) => io.stderr.write(text))
    : // The line break that echo and editors add is no part of it.
      (await readAll(io.stdin, MAX_SECRET_BYTES)).toString('utf8').replace(/\r?\n$/, '');
  if (value.trim() === '')
    throw usageError('The value is empty.', `Type it at the prompt, or send it: … | longshore secret set ${name}`);
  return value;
}
