import { spawn, type ChildProcess } from 'node:child_process';
import { homedir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { defaultLocations } from '../../src/config/locations.ts';
import { repositoryRoot } from '../setup/paths.ts';

export interface Demo {
  readonly configFile: string;
  readonly endpoint: string;
  readonly folder: string;
  readonly dataDir: string;
  stop(): Promise<void>;
}

/** The data directory that these arguments name, or the usual one. */
export function dataDirOf(args: readonly string[]): string {
  const { values } = parseArgs({
    args: [...args],
    options: { data: { type: 'string' } },
    strict: false,
    allowPositionals: true,
  });
  const standard = defaultLocations({ platform: process.platform, env: process.env, homeDir: homedir() }).dataDir;
  return path.resolve(typeof values.data === 'string' ? values.data : standard);
}

/** Starts the demo's server beside the headless agent, whose data directory this is, and waits until it is ready. */
export async function startDemo(dataDir: string): Promise<Demo> {
  // In a process group of its own: Ctrl-C reaches the agent first, and the server goes when the agent has stopped.
  const child = spawn(process.execPath, [path.join(repositoryRoot, 'dist/tools/demo.js'), '--data', dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const ready = await firstLine(child);
  const { configFile, endpoint, folder } = JSON.parse(ready) as {
    configFile: string;
    endpoint: string;
    folder: string;
  };
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    configFile,
    endpoint,
    folder,
    dataDir,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`the demo's server ended with ${code ?? 'a signal'} before it was ready`)),
    );
    child.once('error', reject);
    if (child.stdout === null) reject(new Error('the demo has no output'));
    else createInterface({ input: child.stdout }).once('line', resolve);
  });
}
