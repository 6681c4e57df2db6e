import { parseArgs } from 'node:util';
import { CONDITIONAL_METHODS, type ConditionalMethod } from './ignored-conditions.ts';
import { startS3Server } from './server.ts';

const USAGE = `Longshore's local S3 stand-in, for the demo and the tests.

node tools/s3/main.ts --data DIR --access-key ID --secret-key KEY [options]
  --port N            0 takes a free port (default)
  --host ADDRESS      default 127.0.0.1
  --region NAME       default us-east-1
  --bucket NAME       make sure of a bucket; may be repeated
  --min-part-size N   least bytes of a part, default 5242880
  --ignore-conditions LIST  of put,complete,copy,delete: take conditions there and ignore them
  --control-token T   serve faults and counters under /_control/
  --no-fsync          faster; survives a killed process but not a power cut

Secrets may come from the environment instead: S3_STAND_IN_SECRET_KEY, S3_STAND_IN_CONTROL_TOKEN.
Prints one line of JSON with the URL when ready; SIGTERM or SIGINT stops it.
`;

function fail(text: string): never {
  process.stderr.write(`${text}\n\n${USAGE}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        data: { type: 'string' },
        port: { type: 'string', default: '0' },
        host: { type: 'string', default: '127.0.0.1' },
        region: { type: 'string', default: 'us-east-1' },
        'access-key': { type: 'string' },
        'secret-key': { type: 'string' },
        bucket: { type: 'string', multiple: true, default: [] },
        'min-part-size': { type: 'string' },
        'ignore-conditions': { type: 'string', default: '' },
        'control-token': { type: 'string' },
        'no-fsync': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string): number {
  return /^\d{1,12}$/.test(text) ? Number(text) : fail(`--${name} wants a whole number, not "${text}"`);
}

function methodsOf(list: string): ConditionalMethod[] {
  return list
    .split(',')
    .filter(Boolean)
    .map(
      (name) =>
        CONDITIONAL_METHODS.find((one) => one === name) ?? fail(`--ignore-conditions knows no method "${name}"`),
    );
}

const args = readArguments();
if (args.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const accessKeyId = args['access-key'];
const secretAccessKey = args['secret-key'] ?? process.env['S3_STAND_IN_SECRET_KEY'];
const controlToken = args['control-token'] ?? process.env['S3_STAND_IN_CONTROL_TOKEN'];
const minPartSize = args['min-part-size'];
if (args.data === undefined || accessKeyId === undefined || secretAccessKey === undefined) {
  fail('--data, --access-key and --secret-key are needed');
}

const server = await startS3Server({
  dataDir: args.data,
  port: wholeNumber('port', args.port),
  host: args.host,
  region: args.region,
  credentials: { accessKeyId, secretAccessKey },
  buckets: args.bucket,
  fsync: !args['no-fsync'],
  ignoreConditions: methodsOf(args['ignore-conditions']),
  ...(minPartSize === undefined ? {} : { minPartSizeBytes: wholeNumber('min-part-size', minPartSize) }),
  ...(controlToken === undefined ? {} : { control: { token: controlToken } }),
}).catch((error: unknown) => {
  process.stderr.write(`The server can't start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
process.stdout.write(`${JSON.stringify({ url: server.url, port: server.port, pid: process.pid })}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void server.close().then(() => process.exit(0)));
}
