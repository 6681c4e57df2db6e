import type { Channel } from '../protocol/channel.ts';
import { createChannelPair } from '../protocol/channel.ts';
import type { EngineFacts } from '../protocol/engine-file.ts';
import { RpcClient } from '../protocol/rpc-client.ts';
import { RpcServer } from '../protocol/rpc-server.ts';
import { SocketConnectError } from '../protocol/socket-client.ts';
import { engineTrouble, type OfflineEngine, type OfflineOptions } from './engine-access.ts';
import { CliError, EXIT, noEngine } from './exit-codes.ts';

/** How long a lock may be held by someone who does not answer: a short holder, or an engine that is just starting. */
export const PATIENCE_MS = 5000;
const RETRY_MS = 100;

export interface Session {
  readonly through: 'engine' | 'offline';
  readonly client: RpcClient;
  close(): Promise<void>;
}

/** What `connect` depends on: the real ones, or a test's. */
export interface ConnectPorts {
  readEngineFile(dataDir: string): EngineFacts | null;
  connectToSocket(facts: EngineFacts, deadlineMs: number): Promise<Channel>;
  probeLock(dataDir: string): Promise<'free' | 'held'>;
  openOffline(options: OfflineOptions): Promise<OfflineEngine>;
  /** Monotonic, ms. */
  elapsedMs(): number;
  sleep(delayMs: number): Promise<void>;
  /** What went wrong in an offline handler, in full: there is no engine's log to keep it. */
  onUnexpected(error: unknown): void;
}

export interface ConnectOptions {
  readonly dataDir: string;
  readonly configFile: string;
  /** `engine`: only a running engine will do; `read` and `write` work on the database where none runs. */
  readonly need: 'engine' | 'read' | 'write';
}

/**
 * The way to the data: through the engine's socket where an engine runs, else on the database itself. That an engine
 * runs is told by the lock, or by who answers at the socket; `engine.json` alone proves nothing. Rejects with `CliError`:
 * exit 4 when an engine is needed and none runs, 1 when the lock's holder stays silent.
 */
export async function connect(options: ConnectOptions, ports: ConnectPorts): Promise<Session> {
  const startMs = ports.elapsedMs();
  const leftMs = () => PATIENCE_MS - (ports.elapsedMs() - startMs);
  for (;;) {
    const facts = ports.readEngineFile(options.dataDir);
    const session = facts === null ? null : await trySocket(facts, leftMs(), ports);
    if (session !== null) return session;
    if ((await ports.probeLock(options.dataDir)) === 'free') {
      const offline = await withoutEngine(options, options.need, ports);
      if (offline !== null) return offline;
    }
    if (leftMs() <= RETRY_MS) throw silentHolder(facts);
    await ports.sleep(RETRY_MS);
  }
}

async function trySocket(facts: EngineFacts, deadlineMs: number, ports: ConnectPorts): Promise<Session | null> {
  try {
    const client = new RpcClient(await ports.connectToSocket(facts, Math.max(1, deadlineMs)));
    return {
      through: 'engine',
      client,
      close: () => {
        client.close();
        return Promise.resolve();
      },
    };
  } catch (error) {
    // What the lock says decides. A silent one has used up the patience as well.
    if (error instanceof SocketConnectError) return null;
    throw error;
  }
}

/** Null when someone took the lock in between: look again who it is. */
async function withoutEngine(
  { dataDir, configFile }: ConnectOptions,
  need: ConnectOptions['need'],
  ports: ConnectPorts,
): Promise<Session | null> {
  if (need === 'engine') throw noEngine();
  try {
    return offlineSession(await ports.openOffline({ dataDir, configFile, mode: need }), ports);
  } catch (error) {
    if (engineTrouble(error)?.kind === 'lock-held') return null;
    throw error;
  }
}

function offlineSession(offline: OfflineEngine, ports: ConnectPorts): Session {
  const [near, far] = createChannelPair();
  new RpcServer({ handlers: offline.handlers, onUnexpected: (error) => ports.onUnexpected(error) }).accept(far);
  const client = new RpcClient(near);
  return {
    through: 'offline',
    client,
    close: async () => {
      client.close();
      await offline.close();
    },
  };
}

function silentHolder(facts: EngineFacts | null): CliError {
  const who = facts === null ? 'Another process' : `The engine (process ${facts.pid}, version ${facts.version})`;
  return new CliError(
    EXIT.unexpected,
    'silent-engine',
    `${who} holds this data directory but has not answered for ${PATIENCE_MS / 1000} s.`,
    'Wait a moment and try again. If it stays so, end that process and start again with: longshore run',
  );
}
