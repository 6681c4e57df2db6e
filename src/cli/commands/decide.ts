/** Commands that decide about operations: retry, cancel, resolve. */
import { Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { EXIT, notAvailable, usageError, type ExitCode } from '../exit-codes.ts';
import { formatCount } from '../format.ts';
import { timeArgument } from '../parse-arguments.ts';
import { printable } from '../printable.ts';
import type { RegisterCommands } from './register.ts';

interface RetryOptions {
  readonly failed?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly newKey?: boolean;
}

export const registerDecisions: RegisterCommands = (program, act, nowMs) => {
  program
    .command('retry')
    .description('try again: named operations, or all that failed')
    .argument('[id...]', 'operations')
    .option('--failed', 'all that failed')
    .option('--since <time>', 'only those that failed since then (ISO 8601, or a duration back from now)', (text) =>
      timeArgument(text, nowMs()),
    )
    .option('--until <time>', 'only those that failed until then', (text) => timeArgument(text, nowMs()))
    .option('--new-key', 'send calls whose outcome is unknown again, with a new idempotency key')
    .action((ids: string[], options: RetryOptions, command) =>
      act(command, async (context) => {
        const { since, until, newKey } = options;
        const byRange = options.failed === true || since !== undefined || until !== undefined;
        if (ids.length === 0 && !byRange)
          throw usageError('Name operations, or use --failed.', 'longshore ls --state failed lists them.');
        if (ids.length > 0 && byRange)
          throw usageError('Name operations or use --failed, --since and --until, not both.');
        const { retried, refused } = await context.withSession('write', ({ client }) =>
          client.call('retry', {
            ids,
            ...(byRange ? { failed: true } : {}),
            ...(since === undefined ? {} : { since }),
            ...(until === undefined ? {} : { until }),
            ...(newKey === true ? { newKey } : {}),
          }),
        );
        return tell(
          context,
          { retried, refused },
          `${formatCount(retried.length, 'operation')} will be tried again.`,
          refused,
          ids,
        );
      }),
    );
  program
    .command('cancel')
    .description('give operations up')
    .argument('<id...>', 'operations')
    .action((ids: string[], _options: object, command) =>
      act(command, async (context) => {
        const reply = await context.withSession('write', ({ client }) => client.call('cancel', { ids }));
        return tell(
          context,
          reply,
          `${formatCount(reply.cancelled.length, 'operation')} cancelled.`,
          reply.refused,
          ids,
        );
      }),
    );
  program
    .command('resolve')
    .description('settle conflicts')
    .argument('<id...>', 'operations in conflict')
    .addOption(
      new Option('--keep <side>', 'which side stays')
        .choices(['local', 'remote', 'both', 'merge'])
        .makeOptionMandatory(),
    )
    .action((ids: string[], { keep }: { readonly keep: 'local' | 'remote' | 'both' | 'merge' }, command) =>
      act(command, async (context) => {
        if (keep === 'merge') throw notAvailable('resolve --keep merge', 'Use --keep local, remote or both.');
        const reply = await context.withSession('write', ({ client }) => client.call('resolve', { ids, keep }));
        return tell(
          context,
          reply,
          `${formatCount(reply.resolved.length, 'conflict')} resolved: ${keep} stays.`,
          reply.refused,
          ids,
        );
      }),
    );
};

/** Reports the outcome. An operation that was named and refused is wrong usage; one met in a range is only told. */
function tell(
  { output }: CommandContext,
  reply: object,
  words: string,
  refused: readonly { readonly id: string; readonly reason: string }[],
  named: readonly string[],
): ExitCode {
  if (output.isJson) output.document(reply);
  else {
    output.text(words);
    for (const { id, reason } of refused) output.remark(`${printable(id)}: ${printable(reason)}`);
  }
  return refused.length > 0 && named.length > 0 ? EXIT.usage : EXIT.fine;
}
