import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { startS3Server } from '../../tools/s3/server.ts';
import type { S3Server, S3ServerOptions } from '../../tools/s3/server.ts';
import { ensureMoto } from '../../tools/setup/moto.ts';

/** Where a test server answers and with which keys. */
export interface S3Endpoint {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

const REGION = 'us-east-1';
const CREDENTIALS = { accessKeyId: 'AKIDTEST', secretAccessKey: 'test-only-secret' };
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 5_000;

export interface StandIn extends S3Endpoint, S3Server {
  readonly dataDir: string;
}

/**
 * The stand-in within the test's own process: faults and counters are at hand, data goes when it closes unless a `dataDir`
 * was given. Without fsync by default, for speed.
 */
export async function startStandIn(options: Partial<S3ServerOptions> = {}): Promise<StandIn> {
  const dataDir = options.dataDir ?? (await mkdtemp(path.join(tmpdir(), 'longshore-s3-')));
  const server = await startS3Server({ credentials: CREDENTIALS, region: REGION, fsync: false, ...options, dataDir });
  return {
    ...server,
    endpoint: server.url,
    region: options.region ?? REGION,
    credentials: CREDENTIALS,
    dataDir,
    async close() {
      await server.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A server in a process of its own. */
export interface S3Process extends S3Endpoint {
  readonly pid: number;
  /** Ends it the way the signal does and waits until it has gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** SIGTERM, and after 5 s SIGKILL. */
  close(): Promise<void>;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await gone;
  clearTimeout(timer);
}

/** Waits for the line that tells a server's address. */
async function addressOf(
  child: ChildProcess,
  name: string,
  find: (line: string) => string | undefined,
): Promise<string> {
  const said: string[] = [];
  const stop = (): void => void child.kill('SIGKILL');
  process.once('exit', stop);
  child.once('exit', () => process.off('exit', stop));
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      clearTimeout(timer);
      reject(new Error(`${name} ${reason}\n${said.slice(-20).join('\n')}`));
    };
    const timer = setTimeout(() => {
      stop();
      fail(`did not answer within ${START_DEADLINE_MS} ms`);
    }, START_DEADLINE_MS);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`ended with ${code ?? 'a signal'}`));
    // Both streams are read to their end: a server whose pipe is full would stop.
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        if (said.length > 200) said.shift();
        const address = find(line);
        if (address === undefined) return;
        clearTimeout(timer);
        resolve(address);
      });
    }
  });
}

function handle(child: ChildProcess, endpoint: string): S3Process {
  return {
    endpoint,
    region: REGION,
    credentials: CREDENTIALS,
    pid: child.pid ?? 0,
    kill: (signal) => end(child, signal),
    close: () => end(child, 'SIGTERM'),
  };
}

export interface StandInProcessOptions {
  /** Stays when the process goes: start another on it to see what survived. */
  readonly dataDir: string;
  /** Default 0: a free one. Give the same one again to restart the server under its old address. */
  readonly port?: number;
  readonly buckets?: readonly string[];
  readonly minPartSizeBytes?: number;
  readonly controlToken?: string;
  readonly fsync?: boolean;
}

/** The stand-in as a child process, to be killed and started again. */
export async function startStandInProcess(options: StandInProcessOptions): Promise<S3Process> {
  const main = path.resolve(import.meta.dirname, '../../tools/s3/main.ts');
  const args = [main, '--data', options.dataDir, '--port', String(options.port ?? 0), '--region', REGION];
  args.push('--access-key', CREDENTIALS.accessKeyId);
  for (const bucket of options.buckets ?? []) args.push('--bucket', bucket);
  if (options.minPartSizeBytes !== undefined) args.push('--min-part-size', String(options.minPartSizeBytes));
  if (options.fsync !== true) args.push('--no-fsync');
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      S3_STAND_IN_SECRET_KEY: CREDENTIALS.secretAccessKey,
      ...(options.controlToken === undefined ? {} : { S3_STAND_IN_CONTROL_TOKEN: options.controlToken }),
    },
  });
  const endpoint = await addressOf(child, 'the S3 stand-in', (line) =>
    line.startsWith('{"url"') ? (JSON.parse(line) as { url: string }).url : undefined,
  );
  return handle(child, endpoint);
}

/**
 * Moto, fetched at first use. It keeps nothing and checks no signature. Throws, never skips, where it can't be had.
 */
export async function startMoto(): Promise<S3Process> {
  const { interpreter, pythonPath } = await ensureMoto();
  const child = spawn(interpreter, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONPATH: pythonPath, PYTHONUNBUFFERED: '1' },
  });
  const endpoint = await addressOf(child, 'moto', (line) => /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]);
  return handle(child, endpoint);
}
