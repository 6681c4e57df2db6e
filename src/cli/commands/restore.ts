import { EXIT } from '../exit-codes.ts';
import { operationName, operationNote } from '../operation-table.ts';
import { waitForEnd } from '../wait-for-end.ts';
import type { RegisterCommands } from './register.ts';
import { printDetail } from './show.ts';

interface RestoreOptions {
  readonly versionId?: string;
  readonly wait?: boolean;
}

/** The way back from the storage: a file that was deleted here, or an older version of one. */
export const registerRestore: RegisterCommands = (program, act) => {
  program
    .command('restore')
    .description('bring a file back from the storage; what stands in its place is kept aside')
    .argument('<folder>', 'the folder')
    .argument('<path>', 'the file, relative to the folder, with "/"')
    .option('--version-id <id>', 'an older version, where the bucket keeps them')
    .option('--wait', 'wait for the end; exit 3 unless it succeeded')
    .action((folder: string, path: string, options: RestoreOptions, command) =>
      act(command, async (context) => {
        const { output, io } = context;
        const params = { folder, path, ...(options.versionId === undefined ? {} : { versionId: options.versionId }) };
        if (options.wait !== true) {
          const operation = await context.withSession('write', ({ client }) => client.call('restore', params));
          if (output.isJson) output.document(operation);
          else
            output.text(
              `Queued: ${operationName(operation)}`,
              `  ${operation.id}  ${operationNote(operation, io.now())}`.trimEnd(),
            );
          return EXIT.fine;
        }
        const detail = await context.withSession('engine', ({ client }) =>
          waitForEnd(
            client,
            () => client.call('restore', params),
            (operation) => {
              if (!output.isJson) output.remark(`Queued ${operation.id}, waiting …`);
            },
          ),
        );
        if (output.isJson) output.document(detail);
        else printDetail(detail, context);
        return detail.state === 'succeeded' ? EXIT.fine : EXIT.attention;
      }),
    );
};
