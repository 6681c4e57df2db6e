import type { DestinationConfig } from '../config/config-types.ts';
import { parseS3Keys, secretFault } from '../config/secret-form.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { Clock, ObjectStore, Scanner, StoreSurroundings, Watcher } from '../core/ports.ts';
import type { Repositories } from '../db/repositories.ts';
import type { Sealer } from '../db/seal.ts';
import { createHttpClient } from '../remote/http/got-http-client.ts';
import { proxyResolver, type ProxySetting, type SystemProxy } from '../remote/proxy.ts';
import { createObjectStore } from '../remote/s3/object-store.ts';
import type { AwsKeys, S3Credentials } from '../remote/s3/options.ts';
import { contentTypeOf } from '../watch/content-type.ts';
import { DiskChanges } from '../watch/local-changes.ts';
import { objectKey, ORIGINAL_NAME } from '../watch/object-key.ts';
import { ThreadScanner } from '../watch/thread-scanner.ts';
import { ThreadWatcher } from '../watch/thread-watcher.ts';
import { ThreadedFiles } from '../watch/threaded-files.ts';
import type { KeyOf } from '../sync/planned-folder.ts';
import { systemClock, systemRandom } from './system-clock.ts';
import type { CorePorts } from './sync-core-ports.ts';

export const VERSION = '0.1.0';

/** Where the source of each is. */
const WORKERS = {
  'checkpoint-worker': 'db',
  'read-worker': 'watch',
  'scan-worker': 'watch',
  'send-worker': 'engine',
  'watch-worker': 'watch',
} as const;

/** Sources run as they are; bundles lie flat beside each other. */
export function workerUrl(name: keyof typeof WORKERS): URL {
  const fromSource = import.meta.url.endsWith('.ts');
  return new URL(fromSource ? `../${WORKERS[name]}/${name}.ts` : `./${name}.js`, import.meta.url);
}

const keyOf: KeyOf = (prefix, path) => {
  const key = objectKey(prefix, path);
  return key.ok
    ? { ok: true, key: key.key, originalName: key.metadata[ORIGINAL_NAME] ?? null }
    : { ok: false, code: key.code };
};

export interface RealPorts {
  readonly ports: Omit<CorePorts, 'dataDir'>;
  /** How calls leave this machine from now on; destinations know it from their configuration. */
  setProxy(setting: ProxySetting): void;
  close(): Promise<void>;
}

/** The real adapters: this machine's clock, disk and network. */
export function realPorts(
  repos: Repositories,
  sealer: Sealer,
  env: Readonly<Record<string, string | undefined>>,
  systemProxy?: SystemProxy,
): RealPorts {
  const scanner = new ThreadScanner({ workerUrl: workerUrl('scan-worker'), clock: systemClock });
  const watcher = new ThreadWatcher({ workerUrl: workerUrl('watch-worker'), clock: systemClock });
  return makePorts(repos, sealer, env, scanner, watcher, systemProxy);
}

/** The adapters of a command that acts on the database alone: nothing is watched or scanned. */
export function portsWithoutWatching(
  repos: Repositories,
  sealer: Sealer,
  env: Readonly<Record<string, string | undefined>>,
): RealPorts {
  const never = () => Promise.reject(new Error('nothing is scanned without an engine'));
  const scanner: Scanner = { scan: never, close: () => Promise.resolve() };
  const watcher: Watcher = { watch: () => () => Promise.resolve(), close: () => Promise.resolve() };
  return makePorts(repos, sealer, env, scanner, watcher);
}

function makePorts(
  repos: Repositories,
  sealer: Sealer,
  env: Readonly<Record<string, string | undefined>>,
  scanner: Scanner,
  watcher: Watcher,
  systemProxy: SystemProxy = () => undefined,
): RealPorts {
  let proxyFor = proxyResolver({ kind: 'system' }, env, systemProxy);
  const http = createHttpClient({ proxyFor: (origin) => proxyFor(origin) });
  const roots = () => repos.folders.roots();
  const files = new ThreadedFiles({ workerUrl: workerUrl('read-worker'), clock: systemClock, roots });
  const ports: RealPorts['ports'] = {
    repos,
    sealer,
    clock: systemClock,
    random: systemRandom,
    files,
    changes: new DiskChanges({ roots }),
    scanner,
    watcher,
    http,
    openStore: (destination, surroundings, serviceClock) =>
      openStore(destination, { repos, env, systemProxy }, surroundings, serviceClock),
    keyOf,
    contentTypeOf,
    env,
  };
  return {
    ports,
    setProxy: (setting) => {
      proxyFor = proxyResolver(setting, env, systemProxy);
    },
    close: async () => {
      await watcher.close();
      await scanner.close();
      files.close();
      http.close();
    },
  };
}

export interface OpenStoreContext {
  readonly repos: Pick<Repositories, 'secrets'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the host knows of the system's proxy; without one, the environment counts. */
  readonly systemProxy?: SystemProxy;
}

export function openStore(
  destination: DestinationConfig,
  { repos, env, systemProxy }: OpenStoreContext,
  surroundings: StoreSurroundings,
  serviceClock: Pick<Clock, 'now'> = systemClock,
): ObjectStore {
  const { endpoint, region, bucket, forcePathStyle, prefix, publicUrl } = destination;
  const credentials = s3Credentials(destination, repos);
  const userAgent = `longshore/${VERSION}`;
  const proxyFor = proxyResolver(destination.proxy, env, systemProxy);
  const limits = { stallTimeoutMs: destination.stallTimeoutMs };
  const place = { endpoint, region, bucket, forcePathStyle, prefix, publicUrl };
  return createObjectStore(
    { ...place, credentials, userAgent, proxyFor, limits, sendWorkerUrl: workerUrl('send-worker') },
    serviceClock,
    surroundings,
  );
}

function s3Credentials(destination: DestinationConfig, repos: Pick<Repositories, 'secrets'>): S3Credentials {
  const { credentials } = destination;
  if (credentials.kind !== 'secret') return credentials;
  return {
    kind: 'secret',
    resolve: () => Promise.resolve().then(() => s3Keys(credentials.name, repos.secrets.get(credentials.name))),
  };
}

function s3Keys(name: string, value: string | null): AwsKeys {
  const keys = value === null ? null : parseS3Keys(value);
  if (keys !== null) return keys;
  const detail =
    value === null
      ? `there is no secret "${name}"`
      : `the secret "${name}" ${secretFault(value, 's3Keys') ?? 'is wrong'}`;
  throw new LongshoreError('config.secret-missing', { subject: name, detail });
}
