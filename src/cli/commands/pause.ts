import type { Command } from 'commander';
import type { Params } from '../../protocol/contract.ts';
import { EXIT, usageError } from '../exit-codes.ts';
import { formatDuration } from '../format.ts';
import { durationArgument } from '../parse-arguments.ts';
import { printable } from '../printable.ts';
import type { RegisterCommands } from './register.ts';

interface ScopeOptions {
  readonly folder?: string;
  readonly provider?: string;
}
type Scope = Params<'pause'>['scope'];

export const registerPause: RegisterCommands = (program, act) => {
  withScope(program.command('pause').description('stop starting work: all, a folder, a provider or one operation'))
    .option('--for <duration>', 'resume by itself after this time (30m, 2h)', durationArgument)
    .action((id: string | undefined, options: ScopeOptions & { readonly for?: number }, command) =>
      act(command, async ({ output, withSession }) => {
        const scope = scopeOf(id, options);
        const forMs = options.for ?? null;
        const status = await withSession('write', ({ client }) => client.call('pause', { scope, forMs }));
        if (output.isJson) output.document(status);
        else
          output.text(
            `Paused ${scopeWords(scope)} ${forMs === null ? 'until you resume' : `for ${formatDuration(forMs)}`}.`,
          );
        return EXIT.fine;
      }),
    );
  withScope(
    program.command('resume').description('go on where a pause stopped; without a scope, every pause ends'),
  ).action((id: string | undefined, options: ScopeOptions, command) =>
    act(command, async ({ output, withSession }) => {
      const scope = scopeOf(id, options);
      const status = await withSession('write', ({ client }) => client.call('resume', { scope }));
      if (output.isJson) output.document(status);
      else
        output.text(
          `Resumed ${scopeWords(scope)}${Object.keys(scope).length === 0 ? ', paused folders and single operations too' : ''}.${status.state === 'paused' ? ' Everything is still paused: longshore resume' : ''}`,
        );
      return EXIT.fine;
    }),
  );
};

function withScope(command: Command): Command {
  return command
    .argument('[id]', 'one operation')
    .option('--folder <name>', 'one folder')
    .option('--provider <name>', 'one provider');
}

function scopeOf(id: string | undefined, { folder, provider }: ScopeOptions): Scope {
  const given = [id, folder, provider].filter((value) => value !== undefined);
  if (given.length > 1) throw usageError('Name one thing: an operation, a folder or a provider.');
  if (given[0] === '') throw usageError('The name is empty.');
  if (id !== undefined) return { id };
  if (folder !== undefined) return { folder };
  return provider === undefined ? {} : { provider };
}

function scopeWords(scope: Scope): string {
  if ('id' in scope) return `operation ${printable(scope.id)}`;
  if ('folder' in scope) return `folder ${printable(scope.folder)}`;
  return 'provider' in scope ? `provider ${printable(scope.provider)}` : 'everything';
}
