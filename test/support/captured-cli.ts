/** Runs a command line in this process, with captured output and an engine of the test's making. */
import { Readable } from 'node:stream';
import type { CliIo, OutputStream } from '../../src/cli/cli-io.ts';
import type { EngineAccess } from '../../src/cli/engine-access.ts';
import { runCli } from '../../src/cli/program.ts';
import type { RpcHandlers } from '../../src/protocol/rpc-server.ts';
import { plainHandlers } from './protocol-fixtures.ts';

export const NOW = Date.parse('2026-07-01T13:00:00.000Z');

export class CapturedStream implements OutputStream {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 100;
  readonly rows = 20;

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }

  once(): void {}
  on(): void {}
  off(): void {}
}

export interface CapturedCli {
  readonly stdout: CapturedStream;
  readonly stderr: CapturedStream;
  readonly io: CliIo;
  /** What a person's Ctrl-C does. */
  signal(signal: NodeJS.Signals): void;
}

export interface CaptureOptions {
  readonly isTTY?: boolean;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function captureCli({ isTTY = false, stdin = '', env = {} }: CaptureOptions = {}): CapturedCli {
  const listeners = new Set<(signal: NodeJS.Signals) => void>();
  const stdout = new CapturedStream(isTTY);
  const stderr = new CapturedStream(isTTY);
  const io: CliIo = {
    stdout,
    stderr,
    // Only `isTTY` and reading are used when it is no terminal.
    stdin: Object.assign(Readable.from([Buffer.from(stdin)]), { isTTY: false }) as unknown as NodeJS.ReadStream,
    env,
    cwd: '/nowhere',
    homeDir: '/nowhere/home',
    platform: 'linux',
    now: () => NOW,
    onSignal: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    stdout,
    stderr,
    io,
    signal: (signal) => {
      for (const listener of listeners) listener(signal);
    },
  };
}

/** A machine without an engine: whatever is asked is answered by these handlers, offline. */
export function offlineAccess(
  handlers: Partial<RpcHandlers> = plainHandlers(),
  overrides: Partial<EngineAccess> = {},
): EngineAccess {
  return {
    probeLock: () => Promise.resolve('free'),
    startHeadlessEngine: () => Promise.reject(new Error('no engine in this test')),
    openOffline: () => Promise.resolve({ handlers, close: () => Promise.resolve() }),
    probeDestinations: () => Promise.resolve([]),
    keyFilePath: (dataDir) => `${dataDir}/key`,
    ...overrides,
  };
}

export interface CliResult {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export async function cli(
  argv: readonly string[],
  access: EngineAccess = offlineAccess(),
  options: CaptureOptions = {},
): Promise<CliResult> {
  const captured = captureCli(options);
  const exitCode = await runCli(argv, captured.io, access);
  return { exitCode, out: captured.stdout.text, err: captured.stderr.text };
}
