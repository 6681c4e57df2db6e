import { parseConfig } from '../../src/config/load-config.ts';
import { formatProblems } from '../../src/config/problem.ts';
import type { LongshoreConfig } from '../../src/config/config-types.ts';
import type { FileStat, LocalChanges, ObjectStore } from '../../src/core/ports.ts';
import { makeHandlers, type Desk } from '../../src/engine/handlers.ts';
import { SyncCore } from '../../src/engine/sync-core.ts';
import { RpcRefusal } from '../../src/protocol/rpc-errors.ts';
import { makeOutbox, type Outbox } from './outbox.ts';

const CONFIG = `
device: laptop
folders:
  - { name: drop, path: /srv/drop, destination: main, prefix: drop/ }
  - { name: far, path: /srv/far, destination: far, prefix: far/ }
destinations:
  main: { type: s3, endpoint: "http://127.0.0.1:9000", bucket: demo, credentials: { env: true } }
  far: { type: s3, endpoint: "https://s3.example.com", bucket: demo, credentials: { env: true }, limits: { concurrency: 3 } }
providers:
  crm: { baseUrl: "https://crm.example.com", retry: { maxAttempts: 2 } }
  local: { baseUrl: "http://127.0.0.1:8080" }
`;

/** The configuration of these tests, or another one. */
export function deskConfig(text: string = CONFIG): LongshoreConfig {
  const result = parseConfig(text, '/etc/longshore.yaml', {
    env: {},
    platform: 'linux',
    homeDir: '/home/me',
    hostName: 'laptop',
    dataDir: '/home/me/.local/share/longshore',
  });
  if (!result.ok) throw new Error(formatProblems(result.problems));
  return result.config;
}

const unused = () => Promise.reject(new Error('nothing is sent or scanned in this test'));

/** A core that was not started, as the command line has it, and the handlers over it. */
export function makeDesk(config: LongshoreConfig = deskConfig(), outbox: Outbox = makeOutbox()) {
  const fatal: unknown[] = [];
  const store: Pick<ObjectStore, 'viewUrl' | 'close'> = {
    viewUrl: (key) => Promise.resolve(`https://view.example.com/${key}`),
    close: () => undefined,
  };
  const changes: Pick<LocalChanges, 'freeBytes'> = { freeBytes: () => Promise.resolve(2 ** 40) };
  const core = new SyncCore(
    {
      ...outbox,
      files: { stat: () => Promise.resolve<FileStat | null>(null), open: unused, readWhole: unused },
      changes: changes as LocalChanges,
      scanner: { scan: unused, close: () => Promise.resolve() },
      watcher: { watch: () => () => Promise.resolve(), close: () => Promise.resolve() },
      http: { send: unused, refreshConnections: () => undefined },
      openStore: () => store as ObjectStore,
      keyOf: (prefix, path) => ({ ok: true, key: prefix + path, originalName: null }),
      contentTypeOf: () => 'text/plain',
      env: {},
      dataDir: '/data',
    },
    config,
    1,
    { onChange: () => undefined, onTrouble: () => undefined, onFatal: (error) => fatal.push(error) },
  );
  const facts = {
    version: '0.0.0',
    pid: 1,
    startedAt: outbox.clock.now(),
    dataDir: '/data',
    configFile: null,
  };
  const desk: Desk = { ...outbox, core: () => core, facts, configProblems: () => [] };
  return { outbox, core, desk, handlers: makeHandlers(desk), fatal };
}

/** The refusal with which a request ends; a failed test when it does not. */
export async function refusalOf(request: Promise<unknown>): Promise<RpcRefusal['failure']> {
  const outcome = await request.then(
    () => null,
    (error: unknown) => error,
  );
  if (outcome instanceof RpcRefusal) return outcome.failure;
  throw new Error('it was not refused', { cause: outcome });
}
