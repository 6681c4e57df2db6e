/** Commands that decide about operations: retry, cancel, resolve, undo. */
import { Option } from 'commander';
import type { Result } from '../../protocol/contract.ts';
import type { CommandContext } from '../command-context.ts';
import { EXIT, notAvailable, usageError, type ExitCode } from '../exit-codes.ts';
import { formatCount, withLocalTimes } from '../format.ts';
import { timeArgument } from '../parse-arguments.ts';
import { printable } from '../printable.ts';
import type { RegisterCommands } from './register.ts';

interface RetryOptions {
  readonly failed?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly newKey?: boolean;
}

interface ResolveOptions {
  readonly keep: 'local' | 'remote' | 'both' | 'merge';
  readonly all?: boolean;
  readonly folder?: string;
}

const RESOLVE_HELP = `
What stays, and until when:
  local    your file replaces theirs.
  remote   drop mode: nothing is sent; your file stays here, theirs in the storage.
           mirror mode: theirs is brought here, yours is kept aside with "(conflict" in its name.
  both     yours goes up as "name (conflict DEVICE DATE).ext"; theirs keeps the file's name.

Afterwards the version in the storage is what your file is compared with. So with "both", and with
"remote" in drop mode, the next change that you save is no conflict any more: it replaces theirs.
"longshore undo ID" brings an older version back only while the bucket keeps versions.`;

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
        const reply = await context.withSession('write', ({ client }) =>
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
          reply,
          reply.retried.length,
          [`${formatCount(reply.retried.length, 'operation')} will be tried again.`, ...waitWords(reply.waits)].join(
            '\n',
          ),
          reply.refused,
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
          reply.cancelled.length,
          `${formatCount(reply.cancelled.length, 'operation')} cancelled.`,
          reply.refused,
          ids,
        );
      }),
    );
  program
    .command('resolve')
    .description('settle conflicts: named ones, or all')
    .argument('[id...]', 'operations in conflict')
    .addOption(
      new Option('--keep <side>', 'which side stays')
        .choices(['local', 'remote', 'both', 'merge'])
        .makeOptionMandatory(),
    )
    .option('--all', 'every conflict')
    .option('--folder <name>', 'every conflict of one folder')
    .addHelpText('after', RESOLVE_HELP)
    .action((ids: string[], { keep, all, folder }: ResolveOptions, command) =>
      act(command, async (context) => {
        if (keep === 'merge') throw notAvailable('resolve --keep merge', 'Use --keep local, remote or both.');
        const many = all === true || folder !== undefined;
        if (ids.length === 0 && !many)
          throw usageError('Name conflicts, or use --all or --folder.', 'longshore conflicts lists them.');
        if (ids.length > 0 && many) throw usageError('Name conflicts, or use --all or --folder, not both.');
        const reply = await context.withSession('write', ({ client }) =>
          client.call('resolve', {
            ids,
            keep,
            ...(many ? { all: true } : {}),
            ...(folder === undefined ? {} : { folder }),
          }),
        );
        const { resolved, refused } = reply;
        const stays = keep === 'both' ? 'both stay' : `${keep} stays`;
        const words =
          resolved.length === 0
            ? ['No conflicts.']
            : [`${formatCount(resolved.length, 'conflict')} resolved: ${stays}.`, ...consequences(keep)];
        return tell(context, reply, resolved.length, words.join('\n'), refused, ids);
      }),
    );
  program
    .command('undo')
    .description('take decisions about conflicts back, your own or those of a strategy, and deletes of mirror folders')
    .argument('<id...>', 'operations whose conflict was decided, or that deleted an object')
    .action((ids: string[], _options: object, command) =>
      act(command, async (context) => {
        const reply = await context.withSession('write', ({ client }) => client.call('undo', { ids }));
        const { undone, refused } = reply;
        const words = undone.map(
          ({ id, operationId }) =>
            `${printable(id)} is being taken back. How that goes: longshore show ${printable(operationId)}`,
        );
        return tell(context, reply, undone.length, words.join('\n'), refused, ids);
      }),
    );
};

/** What a choice means for the next change of the file: it is judged from what is in the storage now (DESIGN section 7). */
function consequences(keep: ResolveOptions['keep']): readonly string[] {
  const undo = '"longshore undo ID" brings an older version back only while the bucket keeps versions.';
  switch (keep) {
    case 'both':
      return [
        `Yours goes up under a name of its own; theirs has the file's name there until you change the file again: then yours replaces it. ${undo}`,
      ];
    case 'remote':
      return [
        `In drop mode your file stays here as it is, and theirs there until you change the file again: then yours replaces it. ${undo}`,
      ];
    case 'local':
      return [`Yours replaces theirs. ${undo}`];
    case 'merge':
      return [];
  }
}

/** What opens the gates of those that were retried and can't start yet, each sentence once. */
function waitWords(waits: Result<'retry'>['waits'] = []): readonly string[] {
  const sentences = [...new Set(waits.map(({ next }) => next))];
  return sentences.map((next) => `Not at once: ${printable(withLocalTimes(next))}`);
}

/**
 * Reports the outcome; where all were refused the refusals alone. An operation that was named and refused is wrong usage; one
 * met in a range is only told.
 */
function tell(
  { output }: CommandContext,
  reply: object,
  done: number,
  words: string,
  refused: Result<'undo'>['refused'],
  named: readonly string[],
): ExitCode {
  if (output.isJson) output.document(reply);
  else {
    if (done > 0 || refused.length === 0) output.text(words);
    for (const { id, code, reason } of refused) {
      const marked = code === undefined ? reason : `${reason} (${code})`;
      output.remark(`${printable(id)}: ${printable(marked)}`);
    }
  }
  return refused.length > 0 && named.length > 0 ? EXIT.usage : EXIT.fine;
}
