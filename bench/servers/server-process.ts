import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { stopProcess } from '../support/run-process.ts';
import type { Workspace } from '../support/workspace.ts';
import { TAKEN_PATH, type Taken } from './sink.ts';

export const BUCKET = 'bench';
export const REGION = 'us-east-1';
export const CREDENTIALS = { accessKeyId: 'AKIDBENCH', secretAccessKey: 'bench-only-secret' };

const START_MS = 30_000;

export type ServerKind = 'sink' | 'stand-in';

/** A server in its own process, fresh for one measurement. */
export interface BenchServer {
  readonly endpoint: string;
  /** What it has taken since its start: whole objects, bytes of bodies. */
  taken(): Promise<Taken>;
  close(): Promise<void>;
}

interface StandInCounters {
  readonly operations: Partial<
    Record<string, { readonly requestBodyBytes: number; readonly statuses: Partial<Record<string, number>> }>
  >;
}

async function startWith(args: readonly string[], env: Readonly<Record<string, string>>, workspace: Workspace) {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const close = workspace.owns(() => stopProcess(child));
  const endpoint = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`${args[0]} did not answer within ${START_MS} ms`));
    }, START_MS);
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(`${args[0]} ended with ${code ?? 'a signal'}`));
    });
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(timer);
      resolve((JSON.parse(line) as { url: string }).url);
    });
  });
  return { endpoint, close };
}

async function getJson(url: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}

async function startSinkProcess(workspace: Workspace): Promise<BenchServer> {
  const main = fileURLToPath(new URL('./sink-main.ts', import.meta.url));
  const { endpoint, close } = await startWith([main], {}, workspace);
  return { endpoint, close, taken: async () => (await getJson(`${endpoint}${TAKEN_PATH}`)) as Taken };
}

/** Longshore's own stand-in, without fsync: what it waits for on the disk would hide the clients' difference. */
async function startStandInProcess(workspace: Workspace): Promise<BenchServer> {
  const main = fileURLToPath(new URL('../../tools/s3/main.ts', import.meta.url));
  const dataDir = workspace.directory('stand-in');
  const token = randomBytes(16).toString('hex');
  const args = [main, '--data', dataDir, '--bucket', BUCKET, '--region', REGION, '--no-fsync'];
  const env = { S3_STAND_IN_SECRET_KEY: CREDENTIALS.secretAccessKey, S3_STAND_IN_CONTROL_TOKEN: token };
  const { endpoint, close } = await startWith([...args, '--access-key', CREDENTIALS.accessKeyId], env, workspace);
  return {
    endpoint,
    taken: async () => {
      const counters = await getJson(`${endpoint}/_control/counters`, { authorization: `Bearer ${token}` });
      const { operations } = counters as StandInCounters;
      const done = (name: string) => operations[name]?.statuses['200'] ?? 0;
      const bodies = (name: string) => operations[name]?.requestBodyBytes ?? 0;
      return {
        objects: done('PutObject') + done('CompleteMultipartUpload'),
        bytes: bodies('PutObject') + bodies('UploadPart'),
      };
    },
    close: async () => {
      await close();
      workspace.remove(dataDir);
    },
  };
}

export function startServer(kind: ServerKind, workspace: Workspace): Promise<BenchServer> {
  return kind === 'sink' ? startSinkProcess(workspace) : startStandInProcess(workspace);
}

/** Fails when the server has not taken all of it: a number without its work would be a lie. */
export async function requireTaken(server: BenchServer, objects: number, bytes: number): Promise<void> {
  const taken = await server.taken();
  if (taken.objects < objects || taken.bytes < bytes) {
    throw new Error(`the server took ${taken.objects} of ${objects} objects, ${taken.bytes} of ${bytes} bytes`);
  }
}
