import { InvalidArgumentError } from 'commander';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Priority } from '../../core/operation.ts';
import type { Params, Result } from '../../protocol/contract.ts';
import type { CliIo } from '../cli-io.ts';
import { EXIT, usageError } from '../exit-codes.ts';
import { operationName, operationNote } from '../operation-table.ts';
import { durationArgument, headerArgument, priorityArgument } from '../parse-arguments.ts';
import { readAll } from '../read-input.ts';
import { waitForEnd } from '../wait-for-end.ts';
import { printDetail } from './show.ts';
import type { RegisterCommands } from './register.ts';

interface CallOptions {
  readonly body?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly ifMatch?: string;
  readonly idempotencyKey?: string;
  readonly resource?: string;
  readonly priority?: Priority;
  readonly timeout?: number;
  readonly wait?: boolean;
}

/** What the contract takes. */
const MAX_BODY_BYTES = 1_048_576;

export const registerCall: RegisterCommands = (program, act) => {
  program
    .command('call')
    .description('queue an HTTP call; it is sent as soon as the service can be reached')
    .argument('<method>', 'GET, POST, PUT, PATCH, DELETE …', methodArgument)
    .argument('<target>', 'an address, or PROVIDER:/path', targetArgument)
    .option('--body <json>', 'JSON, @file, or @- for standard input')
    .option('--header <name:value>', 'a header (repeatable)', headerArgument)
    .option('--if-match <version>', 'only if the record still has this version')
    .option('--idempotency-key <key>', 'a repeated key gives the operation that is there already')
    .option('--resource <key>', 'calls with the same key run one after the other')
    .option('--priority <priority>', 'critical, high, normal or low', priorityArgument)
    .option('--timeout <duration>', 'for one attempt (1s to 1h)', durationArgument)
    .option('--wait', 'wait for the end; exit 3 unless it succeeded')
    .action((method: string, target: string, options: CallOptions, command) =>
      act(command, async (context) => {
        const { output, io } = context;
        const params = await paramsOf(method, target, options, io);
        if (options.wait !== true) {
          const operation = await context.withSession('write', ({ client }) => client.call('call', params));
          if (output.isJson) output.document(operation);
          else
            output.text(
              `${queuedWords(operation)} ${operationName(operation)}`,
              `  ${operation.id}  ${operationNote(operation, io.now())}`.trimEnd(),
            );
          return EXIT.fine;
        }
        const detail = await context.withSession('engine', ({ client }) =>
          waitForEnd(
            client,
            () => client.call('call', params),
            (operation) => {
              if (!output.isJson) output.remark(`${queuedWords(operation)} ${operation.id}, waiting …`);
            },
          ),
        );
        if (output.isJson) output.document(detail);
        else printDetail(detail, context);
        return detail.state === 'succeeded' ? EXIT.fine : EXIT.attention;
      }),
    );
};

/** A repeated key queues nothing: what it names is there already. */
function queuedWords({ known, state }: Result<'call'>): string {
  return known === true ? `Not queued again, this key was used for the same call before (it is ${state}):` : 'Queued';
}

function methodArgument(text: string): string {
  const method = text.toUpperCase();
  if (!/^[A-Z]{1,20}$/.test(method)) throw new InvalidArgumentError('Write a method such as GET or POST.');
  return method;
}

function targetArgument(text: string): string {
  // The rest is judged by the engine, which knows the providers.
  if (!/^[A-Za-z0-9][^\s:/]*:\//.test(text) || text.length > 8000) {
    throw new InvalidArgumentError('Write an address such as https://example.com/path, or PROVIDER:/path.');
  }
  return text;
}

async function paramsOf(method: string, target: string, options: CallOptions, io: CliIo): Promise<Params<'call'>> {
  const { header: headers, ifMatch, idempotencyKey, resource, priority, timeout } = options;
  const body = options.body === undefined ? undefined : await readBody(options.body, io);
  if (body !== undefined) checkBody(body, headers ?? {});
  return {
    method,
    target,
    ...(headers === undefined ? {} : { headers: { ...headers } }),
    ...(body === undefined ? {} : { body }),
    ...(ifMatch === undefined ? {} : { ifMatch }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(resource === undefined ? {} : { resource }),
    ...(priority === undefined ? {} : { priority }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  };
}

async function readBody(text: string, io: CliIo): Promise<string> {
  if (!text.startsWith('@')) return text;
  const bytes = text === '@-' ? await readAll(io.stdin, MAX_BODY_BYTES) : readBodyFile(resolve(io.cwd, text.slice(1)));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw usageError('The body is not valid UTF-8 text.');
  }
}

function readBodyFile(path: string): Buffer {
  try {
    if (statSync(path).size > MAX_BODY_BYTES) throw tooLarge();
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null;
    if (code === null) throw error;
    throw usageError(`The body can’t be read from ${path} (${code}).`, 'Name a file after the "@".');
  }
}

function checkBody(body: string, headers: Readonly<Record<string, string>>): void {
  if (Buffer.byteLength(body) > MAX_BODY_BYTES) throw tooLarge();
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  if (hasType) return;
  try {
    JSON.parse(body);
  } catch {
    throw usageError(
      'The body is not valid JSON.',
      'Correct it, or say what it is with --header Content-Type:text/plain',
    );
  }
}

function tooLarge() {
  return usageError(
    'The body is larger than 1 MiB.',
    'Put large content into a watched folder, and its key into the call.',
  );
}
