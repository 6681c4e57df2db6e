import type { Result } from '../../protocol/contract.ts';
import { EXIT, usageError } from '../exit-codes.ts';
import { formatCount, formatRelative } from '../format.ts';
import { timeArgument } from '../parse-arguments.ts';
import { printable } from '../printable.ts';
import type { RegisterCommands } from './register.ts';

interface UploadsOptions {
  readonly destination?: string;
  readonly abortUnknown?: boolean;
  readonly until?: string;
}

type Listed = Result<'uploads.ls'>['items'][number];

const OWNERS = {
  operation: 'an item here goes on with it',
  cleanup: 'is about to be aborted',
  unknown: 'nothing here knows it',
} as const satisfies Record<Listed['owner'], string>;

/** Multipart uploads that stand open at the services: after a lost database nobody else would ever end them. */
export const registerUploads: RegisterCommands = (program, act, nowMs) => {
  program
    .command('uploads')
    .description('multipart uploads that are open at the destinations under our prefixes')
    .option('--destination <name>', 'of this destination only')
    .option('--abort-unknown', 'abort those that nothing here knows: other devices may be using them')
    .option(
      '--until <time>',
      'with --abort-unknown: only those begun before then (ISO 8601, or a duration back from now)',
      (text) => timeArgument(text, nowMs()),
    )
    .action((options: UploadsOptions, command) =>
      act(command, async ({ output, io, withSession }) => {
        if (options.until !== undefined && options.abortUnknown !== true)
          throw usageError('--until is for --abort-unknown.', 'Without it, longshore uploads lists all that is open.');
        const scope = options.destination === undefined ? {} : { destination: options.destination };
        const found = await withSession('write', async ({ client }) => {
          const listed = await client.call('uploads.ls', scope);
          if (options.abortUnknown !== true) return { ...listed, aborted: 0 };
          const unknown = listed.items.filter(
            (upload) => upload.owner === 'unknown' && begunBefore(upload, options.until),
          );
          const { aborted } = await client.call('uploads.abort', {
            uploads: unknown.map(({ destination, key, uploadId }) => ({ destination, key, uploadId })),
          });
          return { ...listed, aborted };
        });
        if (output.isJson) {
          output.document(found);
          return EXIT.fine;
        }
        if (found.items.length === 0) output.text('No multipart upload is open.');
        for (const upload of found.items) {
          const age = upload.initiatedAt === null ? '' : formatRelative(upload.initiatedAt, io.now());
          const name = output.style('strong', printable(`${upload.destination}:${upload.key}`));
          output.text(`${name}  ${output.style('faint', age)}  ${OWNERS[upload.owner]}`);
        }
        for (const { destination, message } of found.failed)
          output.remark(`${destination} could not be asked: ${printable(message)}`);
        if (options.abortUnknown === true) output.remark(`${formatCount(found.aborted, 'upload')} will be aborted.`);
        else if (found.items.some(({ owner }) => owner === 'unknown'))
          output.remark('If no other device is at work there: longshore uploads --abort-unknown --until 7d');
        return EXIT.fine;
      }),
    );
};

function begunBefore(upload: Listed, until: string | undefined): boolean {
  return until === undefined || (upload.initiatedAt !== null && upload.initiatedAt <= until);
}
