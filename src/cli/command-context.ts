import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defaultLocations } from '../config/locations.ts';
import { readEngineFile } from '../protocol/engine-file.ts';
import { connectToSocket } from '../protocol/socket-client.ts';
import type { CliIo } from './cli-io.ts';
import { connect, type ConnectOptions, type ConnectPorts, type Session } from './connect.ts';
import type { EngineAccess } from './engine-access.ts';
import { Output } from './output.ts';

export interface GlobalOptions {
  readonly config?: string;
  readonly data?: string;
  readonly json?: boolean;
  readonly color?: boolean;
}

/** What every command works with. */
export interface CommandContext {
  readonly io: CliIo;
  readonly output: Output;
  readonly access: EngineAccess;
  /** Absolute. */
  readonly configFile: string;
  readonly dataDir: string;
  /** Runs `work` with a way to the data and closes it afterwards. */
  readonly withSession: <T>(need: ConnectOptions['need'], work: (session: Session) => Promise<T>) => Promise<T>;
}

export function createContext(io: CliIo, access: EngineAccess, options: GlobalOptions): CommandContext {
  const defaults = defaultLocations({ platform: io.platform, env: io.env, homeDir: io.homeDir });
  const configFile = resolve(io.cwd, options.config ?? defaults.configFile);
  const dataDir = resolve(io.cwd, options.data ?? defaults.dataDir);
  const output = new Output(io, { json: options.json === true, color: options.color !== false });
  const ports = connectPorts(io, access);
  return {
    io,
    output,
    access,
    configFile,
    dataDir,
    withSession: async (need, work) => {
      const keyFile = access.keyFilePath(dataDir);
      const hadKey = existsSync(keyFile);
      const session = await connect({ dataDir, configFile, need }, ports);
      if (!hadKey && !output.isJson && existsSync(keyFile))
        output.remark(`A key for secrets was made: ${keyFile}, readable by you alone. Keep it with your backups.`);
      try {
        return await work(session);
      } finally {
        await session.close();
      }
    },
  };
}

function connectPorts(io: CliIo, access: EngineAccess): ConnectPorts {
  return {
    readEngineFile,
    connectToSocket,
    probeLock: (dataDir) => access.probeLock(dataDir),
    openOffline: (options) => access.openOffline(options),
    elapsedMs: () => performance.now(),
    sleep: (delayMs) => delay(delayMs),
    onUnexpected: (error) => {
      if (isDebugging(io))
        io.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    },
  };
}

/** Stack traces instead of words alone, for whoever develops Longshore. */
export function isDebugging(io: CliIo): boolean {
  return (io.env['LONGSHORE_DEBUG'] ?? '') !== '';
}
