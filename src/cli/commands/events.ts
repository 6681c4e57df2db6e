import type { EventView } from '../../protocol/shapes.ts';
import type { RpcClient } from '../../protocol/rpc-client.ts';
import { csvLine } from '../csv.ts';
import { eventLine } from '../event-text.ts';
import { EXIT, usageError } from '../exit-codes.ts';
import { formatLocalTime } from '../format.ts';
import { timeArgument } from '../parse-arguments.ts';
import type { CommandContext } from '../command-context.ts';
import type { RegisterCommands } from './register.ts';

interface EventsOptions {
  readonly since?: string;
  readonly csv?: boolean;
  readonly operation?: string;
}

const PAGE = 1000;

export const registerEvents: RegisterCommands = (program, act, nowMs) => {
  program
    .command('events')
    .description('what happened, oldest first')
    .option('--since <time>', 'since then (ISO 8601, or a duration back from now)', (text) =>
      timeArgument(text, nowMs()),
    )
    .option('--operation <id>', 'only of this operation')
    .option('--csv', 'as CSV')
    .action((options: EventsOptions, command) =>
      act(command, async (context) => {
        if (options.csv === true && context.output.isJson) throw usageError('Choose --csv or --json, not both.');
        await context.withSession('read', ({ client }) => print(client, options, context));
        return EXIT.fine;
      }),
    );
};

/** Page by page as the reader takes them: years of events need no memory. */
async function print(client: RpcClient, options: EventsOptions, { output }: CommandContext): Promise<void> {
  const write = options.csv === true ? csvWriter : output.isJson ? jsonWriter() : textWriter(output);
  await output.paced(write.head);
  for await (const event of allEvents(client, options)) await output.paced(write.event(event));
  await output.paced(write.tail);
}

async function* allEvents(client: RpcClient, { since, operation }: EventsOptions): AsyncGenerator<EventView> {
  let afterSeq: number | null = null;
  do {
    const page: { items: EventView[]; next: number | null } = await client.call('events', {
      limit: PAGE,
      ...(since === undefined ? {} : { since }),
      ...(operation === undefined ? {} : { operationId: operation }),
      ...(afterSeq === null ? {} : { afterSeq }),
    });
    yield* page.items;
    afterSeq = page.next;
  } while (afterSeq !== null);
}

interface EventWriter {
  readonly head: string;
  event(event: EventView): string;
  readonly tail: string;
}

const csvWriter: EventWriter = {
  head: csvLine([
    'seq',
    'id',
    'operationId',
    'resourceKey',
    'type',
    'from',
    'to',
    'at',
    'source',
    'correlationId',
    'details',
  ]),
  event: ({ seq, id, operationId, resourceKey, type, from, to, at, source, correlationId, details }) =>
    csvLine([seq, id, operationId, resourceKey, type, from, to, at, source, correlationId, JSON.stringify(details)]),
  tail: '',
};

/** One document like those of `ls`, written as it comes. */
function jsonWriter(): EventWriter {
  let separator = '\n';
  return {
    head: '{"items":[',
    event: (event) => {
      const text = `${separator}${JSON.stringify(event)}`;
      separator = ',\n';
      return text;
    },
    tail: '],"next":null}\n',
  };
}

function textWriter({ style }: CommandContext['output']): EventWriter {
  return { head: '', event: (event) => `${eventLine(event, style, formatLocalTime)}\n`, tail: '' };
}
