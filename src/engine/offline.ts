import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LongshoreConfig } from '../config/config-types.ts';
import { loadConfigFile } from '../config/load-config.ts';
import { machineContext } from '../config/load-context.ts';
import { resolveConfig } from '../config/resolve-config.ts';
import { openInMemory, openReadable, openWritable, type ReadableDb } from '../db/connection.ts';
import { openRepositories } from '../db/repositories.ts';
import { DATA_KEY_BYTES, DataKeySealer, type Sealer } from '../db/seal.ts';
import type { RpcHandlers } from '../protocol/rpc-server.ts';
import { portsWithoutWatching, VERSION } from './core-ports.ts';
import { openDataKey, readDataKey } from './data-key.ts';
import { databaseFile, InvalidConfigError } from './engine.ts';
import { makeHandlers } from './handlers.ts';
import { SyncCore } from './sync-core.ts';
import { systemClock, systemRandom } from './system-clock.ts';
import { takeLock } from './take-lock.ts';

export interface OfflineOptions {
  readonly dataDir: string;
  readonly configFile: string;
  /** `read` needs no lock and never migrates; `write` holds the engine's lock until `close`. */
  readonly mode: 'read' | 'write';
}

export interface OfflineEngine {
  readonly handlers: Partial<RpcHandlers>;
  close(): Promise<void>;
}

/** What works without an engine. The core is never started: it answers, and writes to the outbox. */
export async function openOffline(options: OfflineOptions): Promise<OfflineEngine> {
  const dataDir = resolve(options.dataDir);
  if (options.mode === 'read') return openForReading({ ...options, dataDir });
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = await takeLock(dataDir);
  try {
    const { sealer } = openDataKey(dataDir);
    const db = openWritable(databaseFile(dataDir));
    const offline = open({ ...options, dataDir }, db, sealer);
    return {
      handlers: pick(offline.handlers, [
        'call',
        'retry',
        'cancel',
        'resolve',
        'undo',
        'restore',
        'pause',
        'resume',
        'secret.set',
        'secret.ls',
        'secret.rm',
        'uploads.ls',
        'uploads.abort',
        'deletes.ls',
        'deletes.decide',
        'folder.adopt',
        'ls',
        'show',
      ]),
      close: async () => {
        await offline.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openForReading(options: OfflineOptions): Promise<OfflineEngine> {
  const file = databaseFile(options.dataDir);
  // Nothing was ever queued here: an empty outbox says just that.
  const db = existsSync(file) ? openReadable(file) : openInMemory();
  const sealer = readDataKey(options.dataDir) ?? new DataKeySealer(new Uint8Array(DATA_KEY_BYTES));
  const offline = open(options, db, sealer);
  return {
    ...offline,
    handlers: pick(offline.handlers, ['ls', 'show', 'conflicts', 'events', 'secret.ls', 'deletes.ls']),
  };
}

function open(options: OfflineOptions, db: ReadableDb, sealer: Sealer) {
  const repos = openRepositories(db, systemClock, systemRandom, sealer);
  const real = portsWithoutWatching(repos, sealer, process.env);
  const ignore = () => undefined;
  const config = configOrNone(options);
  const core = new SyncCore({ ...real.ports, dataDir: options.dataDir }, config, 0, {
    onChange: ignore,
    onTrouble: ignore,
    onFatal: ignore,
  });
  core.gates.setPauses(repos.pauses.all());
  const facts = {
    version: VERSION,
    pid: process.pid,
    startedAt: systemClock.now(),
    dataDir: options.dataDir,
    configFile: options.configFile,
  };
  const handlers: Partial<RpcHandlers> = makeHandlers({
    core: () => core,
    sealer,
    clock: systemClock,
    random: systemRandom,
    facts,
    configProblems: () => [],
  });
  return {
    handlers,
    close: async () => {
      await real.close();
      db.close();
    },
  };
}

/** Without a configuration the outbox can still be read and written; a broken one is refused in words. */
function configOrNone(options: OfflineOptions): LongshoreConfig {
  if (!existsSync(options.configFile)) {
    return resolveConfig({}, options.configFile, machineContext(options.dataDir));
  }
  const result = loadConfigFile(options.configFile, machineContext(options.dataDir));
  if (!result.ok) throw new InvalidConfigError(result.problems);
  return result.config;
}

function pick(handlers: Partial<RpcHandlers>, methods: readonly (keyof RpcHandlers)[]): Partial<RpcHandlers> {
  return Object.fromEntries(
    Object.entries(handlers).filter(([method]) => (methods as readonly string[]).includes(method)),
  );
}
