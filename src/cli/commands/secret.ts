import { InvalidArgumentError } from 'commander';
import { EXIT, usageError } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import { readAll, readHidden } from '../read-input.ts';
import type { CliIo } from '../cli-io.ts';
import type { RegisterCommands } from './register.ts';

const MAX_SECRET_BYTES = 65_536;

export const registerSecret: RegisterCommands = (program, act) => {
  const secret = program.command('secret').description('secrets that the configuration names: set, ls, rm');
  secret
    .command('set')
    .description('set a secret; its value is read from standard input or a hidden prompt, never from the command line')
    .argument('<name>', 'the name that the configuration uses', secretName)
    .action((name: string, _options: object, command) =>
      act(command, async ({ io, output, withSession }) => {
        const value = await readSecret(name, io);
        await withSession('write', ({ client }) => client.call('secret.set', { name, value }));
        if (output.isJson) output.document({ name, set: true });
        else output.text(`The secret ${name} is set.`);
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

function secretName(text: string): string {
  // Never repeats the text: someone may have typed the value.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(text)) {
    throw new InvalidArgumentError('A name has letters, digits, ".", "_" and "-".');
  }
  return text;
}

async function readSecret(name: string, io: CliIo): Promise<string> {
  const value = io.stdin.isTTY
    ? await readHidden(io.stdin, `Value of ${name} (not shown): `, (text) => io.stderr.write(text))
    : // The line break that echo and editors add is no part of it.
      (await readAll(io.stdin, MAX_SECRET_BYTES)).toString('utf8').replace(/\r?\n$/, '');
  if (value === '')
    throw usageError('The value is empty.', `Type it at the prompt, or send it: … | longshore secret set ${name}`);
  return value;
}
