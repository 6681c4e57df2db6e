import { InvalidArgumentError } from 'commander';
import type { OperationKind } from '../../core/operation.ts';
import type { State } from '../../core/states.ts';
import type { RpcClient } from '../../protocol/rpc-client.ts';
import type { OperationView } from '../../protocol/shapes.ts';
import { EXIT } from '../exit-codes.ts';
import { OPERATION_COLUMNS, operationRow } from '../operation-table.ts';
import { countArgument, kindArgument, statesArgument } from '../parse-arguments.ts';
import type { RegisterCommands } from './register.ts';

interface LsOptions {
  readonly state?: readonly State[];
  readonly folder?: string;
  readonly kind?: OperationKind;
  readonly search?: string;
  readonly limit: number;
  readonly after?: string;
}

/** What one reply of the engine holds at most. */
const PAGE = 1000;
const MAX_LISTED = 100_000;

export const registerLs: RegisterCommands = (program, act) => {
  program
    .command('ls')
    .description('list operations, the latest changes first')
    .option('--state <state>', 'only in this state (repeatable, or with commas)', statesArgument)
    .option('--folder <name>', 'only of this folder')
    .option('--kind <kind>', 'only of this kind', kindArgument)
    .option('--search <text>', 'only with this text in their path or URL')
    .option('--limit <n>', `at most this many (1 to ${MAX_LISTED})`, (text) => countArgument(text, MAX_LISTED), 50)
    .option('--after <cursor>', 'go on where the page before ended ("next")', cursorArgument)
    .action((options: LsOptions, command) =>
      act(command, async ({ output, io, withSession }) => {
        const page = await withSession('read', ({ client }) => list(client, options));
        if (output.isJson) {
          output.document(page);
          return EXIT.fine;
        }
        if (page.items.length === 0) output.text('Nothing to show.');
        else
          output.table(
            OPERATION_COLUMNS,
            page.items.map((operation) => operationRow(operation, io.now())),
          );
        if (page.next !== null) output.remark(`There is more: add --after ${page.next}`);
        return EXIT.fine;
      }),
    );
};

async function list(client: RpcClient, options: LsOptions): Promise<{ items: OperationView[]; next: string | null }> {
  const { state, folder, kind, search, limit } = options;
  const items: OperationView[] = [];
  let after = options.after;
  for (;;) {
    const page = await client.call('ls', {
      limit: Math.min(PAGE, limit - items.length),
      order: 'newest',
      ...(state === undefined ? {} : { states: [...state] }),
      ...(folder === undefined ? {} : { folder }),
      ...(kind === undefined ? {} : { kind }),
      ...(search === undefined ? {} : { search }),
      ...(after === undefined ? {} : { after }),
    });
    items.push(...page.items);
    if (page.next === null || items.length >= limit || page.items.length === 0) return { items, next: page.next };
    after = page.next;
  }
}

export function cursorArgument(text: string): string {
  if (text === '' || text.length > 200) throw new InvalidArgumentError('Write what "next" of the page before said.');
  return text;
}
