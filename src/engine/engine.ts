import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LongshoreConfig } from '../config/config-types.ts';
import { loadConfigFile, type ConfigResult } from '../config/load-config.ts';
import { machineContext } from '../config/load-context.ts';
import { formatProblems, type ConfigProblem } from '../config/problem.ts';
import { watchConfig } from '../config/watch-config.ts';
import { Checkpoints } from '../db/checkpoints.ts';
import { openWritable } from '../db/connection.ts';
import { asDatabaseError } from '../db/database-error.ts';
import { openRepositories } from '../db/repositories.ts';
import { openEngineLog } from '../observe/engine-log.ts';
import { SparseLog } from '../observe/sparse-log.ts';
import { createChannelPair, type Channel } from '../protocol/channel.ts';
import { newEngineSecret, removeEngineFile, writeEngineFile } from '../protocol/engine-file.ts';
import { RpcServer, type RpcHandlers } from '../protocol/rpc-server.ts';
import { socketAddress } from '../protocol/socket-address.ts';
import { listenOnSocket } from '../protocol/socket-server.ts';
import { ChangeFeed } from './change-feed.ts';
import { coreForConfig } from './core-for-config.ts';
import { realPorts, VERSION, workerUrl } from './core-ports.ts';
import { openDataKey } from './data-key.ts';
import { makeHandlers } from './handlers.ts';
import { heapMemory, IdleMemory } from './idle-memory.ts';
import { statusView } from './status-view.ts';
import { HostProxies } from './host-proxies.ts';
import { MachineLife } from './machine-life.ts';
import { lookAtNetwork, type NetworkLook } from './network-watch.ts';
import { readSupplies } from './power-watch.ts';
import { secretTroubles } from './secret-troubles.ts';
import { SyncCore } from './sync-core.ts';
import { systemClock, systemRandom } from './system-clock.ts';
import { takeLock } from './take-lock.ts';

export class InvalidConfigError extends Error {
  override readonly name = 'InvalidConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(formatProblems(problems));
    this.problems = problems;
  }
}

export type EngineLog = (level: 'info' | 'warn' | 'error', message: string) => void;

export interface EngineOptions {
  readonly dataDir: string;
  readonly configFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: EngineLog;
  /** In tests: another network than this machine's. */
  readonly lookAtNetwork?: () => NetworkLook;
}

export interface Engine {
  /** The core of the configuration in force; another one after a reload. */
  core(): SyncCore;
  /** A client's channel into this engine. */
  attach(): Channel;
  /** Serves a client that comes over another transport. */
  serve(channel: Channel): void;
  /** Resolves when the engine has ended: of itself with the error, or because it was stopped. */
  readonly ended: Promise<{ readonly error: unknown }>;
  stop(): Promise<void>;
}

export function databaseFile(dataDir: string): string {
  return join(dataDir, 'longshore.db');
}

type LoadedConfig = Extract<ConfigResult, { ok: true }>;

/** Loads the configuration or throws InvalidConfigError. */
function requireConfig(configFile: string, dataDir: string): LoadedConfig {
  const result = loadConfigFile(configFile, machineContext(dataDir));
  if (!result.ok) throw new InvalidConfigError(result.problems);
  return result;
}

/**
 * Opens data directory, lock, database and socket, and starts the core. Throws LockHeldError, InvalidConfigError or
 * DatabaseError. A valid change of folders or limits is taken over while transfers go on; one of what transfers
 * are made of (destinations, providers) restarts the core alone, and they go on at their checkpoint.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const dataDir = resolve(options.dataDir);
  const loaded = requireConfig(options.configFile, dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = await inWords(dataDir, () => takeLock(dataDir));
  try {
    return await inWords(dataDir, () =>
      openEngine({ ...options, dataDir }, loaded, () => {
        lock.release();
      }),
    );
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** A disk that is full already at the start is told in words, like whatever else is wrong with the database. */
async function inWords<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asDatabaseError(error, dataDir) ?? error;
  }
}

async function openEngine(options: EngineOptions, first: LoadedConfig, releaseLock: () => void): Promise<Engine> {
  const { dataDir } = options;
  const writeLog = openEngineLog(dataDir);
  const log: EngineLog = (level, message) => {
    writeLog(level, message);
    options.log(level, message);
  };
  writeLog('info', `Longshore ${VERSION} starts as process ${process.pid} with ${options.configFile}.`);
  const db = openWritable(databaseFile(dataDir));
  const { sealer, created } = openDataKey(dataDir);
  if (created)
    log(
      'info',
      `A key for secrets was made in ${dataDir} (data.key, readable by you alone). Keep it with your backups.`,
    );
  let onOperationChange: (seq: number) => void = () => undefined;
  const repos = openRepositories(db, systemClock, systemRandom, sealer, (seq) => {
    onOperationChange(seq);
  });
  const startedAt = systemClock.now();
  const epoch = repos.runs.start(process.pid, startedAt);
  const facts = { version: VERSION, pid: process.pid, startedAt, dataDir, configFile: options.configFile };
  const proxies = new HostProxies();
  const real = realPorts(repos, sealer, options.env, proxies.of);
  const ending = Promise.withResolvers<{ readonly error: unknown }>();
  let configProblems: readonly string[] = [];
  let stopping: Promise<void> | null = null;

  const troubles = new SparseLog(
    (message) => {
      log('warn', message);
    },
    () => systemClock.monotonicMs(),
  );

  const makeCore = (config: LongshoreConfig) => {
    real.setProxy(config.network.proxy);
    return new SyncCore({ ...real.ports, dataDir }, config, epoch, {
      onChange: () => {
        feed.touch();
      },
      onTrouble: (where, error) => {
        troubles.tell(`${where}: ${error instanceof Error ? error.message : String(error)}`);
      },
      onFatal: (error) => {
        log('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
        void stop(error);
      },
    });
  };
  const tellSecrets = (loaded: LoadedConfig) => {
    for (const trouble of secretTroubles(loaded, repos.secrets, options.env)) log('warn', trouble);
  };
  tellSecrets(first);
  let core = makeCore(first.config);
  const status = () => statusView(core, facts, configProblems, systemClock.now());
  const feed = new ChangeFeed(systemClock, () => core, status);
  onOperationChange = (seq) => {
    feed.operationChanged(seq);
  };

  const life = new MachineLife({
    core: () => core,
    proxies,
    look: options.lookAtNetwork ?? lookAtNetwork,
    readSupplies,
    log: (message) => {
      log('info', message);
    },
  });

  const handlers: Partial<RpcHandlers> = {
    ...makeHandlers({
      core: () => core,
      sealer,
      clock: systemClock,
      random: systemRandom,
      facts,
      configProblems: () => configProblems,
    }),
    hello: () => Promise.resolve({ version: VERSION, pid: process.pid }),
    'host.signal': (params) => {
      life.signal(params);
      return Promise.resolve({});
    },
    subscribe: (params, connection) => Promise.resolve(feed.subscribe(connection, params)),
    shutdown: () => {
      setImmediate(() => void stop(null));
      return Promise.resolve({});
    },
  };
  const server = new RpcServer({
    handlers,
    onUnexpected: (error, where) => {
      log(
        'error',
        `${where.method} (${where.reference}): ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    },
  });
  const engineFacts = {
    pid: process.pid,
    version: VERSION,
    startedAt: new Date(startedAt).toISOString(),
    address: socketAddress(dataDir),
    token: newEngineSecret(),
    nonce: newEngineSecret(),
  };
  const socket = await listenOnSocket({ facts: engineFacts, onChannel: (channel) => server.accept(channel) });
  writeEngineFile(dataDir, engineFacts);

  // One reload at a time; the last good configuration stays until the new core is up.
  let reloading: Promise<void> = Promise.resolve();
  const reload = async (result: ConfigResult): Promise<void> => {
    if (stopping !== null) return;
    if (!result.ok) {
      configProblems = result.problems.map((problem) =>
        formatProblems([problem])
          .replaceAll(/\s*\n\s*/g, ' ')
          .trim(),
      );
      log(
        'warn',
        `The configuration was changed and can't be used; the last good one stays in force.\n${formatProblems(result.problems)}`,
      );
      feed.touch();
      return;
    }
    configProblems = [];
    const next = await coreForConfig(core, result.config, makeCore);
    if (next !== core) {
      core = next;
      life.adopt(core);
      core.start();
    }
    log('info', 'The configuration was changed and is in force now.');
    tellSecrets(result);
    feed.touch();
  };
  const load = () => loadConfigFile(options.configFile, machineContext(dataDir));
  const configWatch = watchConfig({
    file: options.configFile,
    load,
    current: load(),
    onChange: (result) => {
      reloading = reloading.then(() => reload(result)).catch((error: unknown) => void stop(error));
    },
  });

  const memory = {
    ...heapMemory,
    giveBack: () => {
      heapMemory.giveBack();
      db.pragma('shrink_memory');
    },
  };
  const checkpoints = new Checkpoints(db, databaseFile(dataDir), workerUrl('checkpoint-worker'), systemClock);
  const idleMemory = new IdleMemory(systemClock, memory, () => core.idle());

  /** Without room for this the next start takes it for a death, and looks at everything: that is all. */
  function endRun(): void {
    try {
      repos.runs.end(epoch, systemClock.now());
    } catch (error) {
      if (asDatabaseError(error, dataDir)?.kind !== 'full') throw error;
    }
  }

  async function stop(error: unknown): Promise<void> {
    stopping ??= (async () => {
      life.stop();
      idleMemory.stop();
      configWatch.close();
      await reloading;
      await core.stop();
      feed.stop();
      await socket.close();
      server.close();
      await real.close();
      await checkpoints.stop();
      endRun();
      db.close();
      removeEngineFile(dataDir);
      releaseLock();
      ending.resolve({ error });
    })();
    await stopping;
  }

  checkpoints.start();
  life.adopt(core);
  core.start();
  life.start();
  idleMemory.start();
  return {
    core: () => core,
    attach: () => {
      const [client, ours] = createChannelPair();
      server.accept(ours);
      return client;
    },
    serve: (channel) => {
      server.accept(channel);
    },
    ended: ending.promise,
    stop: () => stop(null),
  };
}
