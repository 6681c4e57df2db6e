import type { Result } from '../../protocol/contract.ts';
import { EXIT } from '../exit-codes.ts';
import { formatRelative } from '../format.ts';
import { operationName } from '../operation-table.ts';
import { countArgument } from '../parse-arguments.ts';
import { printable } from '../printable.ts';
import { versionLines } from '../version-text.ts';
import { cursorArgument } from './ls.ts';
import type { RegisterCommands } from './register.ts';

interface ConflictsOptions {
  readonly limit: number;
  readonly after?: string;
}

export const registerConflicts: RegisterCommands = (program, act) => {
  program
    .command('conflicts')
    .description('what was changed here and there, with both versions')
    .option('--limit <n>', 'at most this many (1 to 1000)', (text) => countArgument(text, 1000), 50)
    .option('--after <cursor>', 'go on where the page before ended ("next")', cursorArgument)
    .action(({ limit, after }: ConflictsOptions, command) =>
      act(command, async ({ output, io, withSession }) => {
        const page = await withSession('read', ({ client }) =>
          client.call('conflicts', { limit, ...(after === undefined ? {} : { after }) }),
        );
        if (output.isJson) {
          output.document(page);
          return EXIT.fine;
        }
        if (page.items.length === 0) output.text('No conflicts.');
        for (const conflict of page.items) {
          const age = formatRelative(conflict.updatedAt, io.now());
          output.text(
            `${conflict.id}  ${output.style('strong', operationName(conflict))}  ${output.style('faint', age)}`,
          );
          for (const line of versionLines(conflict.versions)) output.text(`  ${line}`);
          const why = strategyWords(conflict);
          if (why !== null) output.text(`  ${output.style('faint', printable(why))}`);
        }
        if (page.items.length > 0)
          output.remark(
            'Settle them with: longshore resolve ID… --keep local|remote|both (or --all, or --folder NAME)',
          );
        if (page.next !== null) output.remark(`There is more: add --after ${page.next}`);
        return EXIT.fine;
      }),
    );
};

/** Why it waits for a person although the folder has a strategy. */
function strategyWords({ strategy, error }: Result<'conflicts'>['items'][number]): string | null {
  if (strategy === null || strategy === 'manual') return null;
  return `strategy ${strategy}: ${error?.detail ?? 'it could not decide'}`;
}
