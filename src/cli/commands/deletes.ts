/** Commands of mirror folders: the mass delete that waits for a word, and a root that is to be taken as it is. */
import type { Result } from '../../protocol/contract.ts';
import type { CommandContext } from '../command-context.ts';
import { EXIT, usageError, type ExitCode } from '../exit-codes.ts';
import { formatCount, formatRelative } from '../format.ts';
import { printable } from '../printable.ts';
import type { RegisterCommands } from './register.ts';

interface DeletesOptions {
  readonly allow?: boolean;
  readonly keep?: boolean;
}

export const registerDeletes: RegisterCommands = (program, act) => {
  program
    .command('deletes')
    .description('deletes that were too many at once and wait for your word')
    .argument('[folder]', 'the folder')
    .option('--allow', 'they are meant: delete the objects in the storage as well')
    .option('--keep', 'leave the objects in the storage')
    .action((folder: string | undefined, options: DeletesOptions, command) =>
      act(command, (context) => deletes(context, folder, options)),
    );
  const folders = program.command('folder').description('a mirror folder’s root: adopt');
  folders
    .command('adopt')
    .description(
      'this is the right folder although its marker is missing or another: mirror what is there, delete nothing',
    )
    .argument('<name>', 'the folder')
    .action((folder: string, _options: object, command) =>
      act(command, async ({ output, withSession }) => {
        const reply = await withSession('write', ({ client }) => client.call('folder.adopt', { folder }));
        if (output.isJson) output.document(reply);
        else output.text(`The folder "${printable(folder)}" is taken as it is. What it lacks stays in the storage.`);
        return EXIT.fine;
      }),
    );
};

async function deletes(
  context: CommandContext,
  folder: string | undefined,
  { allow, keep }: DeletesOptions,
): Promise<ExitCode> {
  const { output, withSession } = context;
  if (allow === true && keep === true) throw usageError('Use --allow or --keep, not both.');
  if (allow !== true && keep !== true) {
    const { items } = await withSession('read', ({ client }) =>
      client.call('deletes.ls', folder === undefined ? {} : { folder }),
    );
    list(context, items, folder);
    return EXIT.fine;
  }
  if (folder === undefined) throw usageError('Name the folder.', 'longshore deletes lists what waits.');
  const decision = allow === true ? 'delete' : 'keep';
  const reply = await withSession('write', ({ client }) => client.call('deletes.decide', { folder, decision }));
  if (output.isJson) output.document(reply);
  else if (decision === 'delete')
    output.text(
      `${formatCount(reply.files, 'object')} will be deleted in the storage, after one more look at the folder.`,
    );
  else output.text(`${formatCount(reply.files, 'object stays', 'objects stay')} in the storage.`);
  return EXIT.fine;
}

function list({ output, io }: CommandContext, items: Result<'deletes.ls'>['items'], folder?: string): void {
  if (output.isJson) {
    output.document({ items });
    return;
  }
  if (items.length === 0)
    output.text(folder === undefined ? 'No deletes wait.' : `No deletes wait in a folder "${printable(folder)}".`);
  for (const { folder, count, of, since, sample } of items) {
    output.text(
      `${output.style('strong', printable(folder))}: ${formatCount(count, 'file')} of ${of} gone, ${formatRelative(since, io.now())}`,
    );
    for (const path of sample) output.text(`  ${printable(path)}`);
    if (count > sample.length)
      output.text(output.style('faint', `  and ${formatCount(count - sample.length, 'more', 'more')}`));
  }
  if (items.length > 0)
    output.remark(
      'Decide with: longshore deletes FOLDER --allow or --keep. It is lifted as well when all of them are back.',
    );
}
