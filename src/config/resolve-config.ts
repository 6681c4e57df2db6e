/** From checked input to the resolved configuration: defaults applied, units converted, paths absolute. Pure. */
import type {
  AuthConfig,
  CredentialsConfig,
  DeleteRules,
  DestinationConfig,
  FolderConfig,
  LongshoreConfig,
  ProviderConfig,
  ProxyConfig,
  RetryConfig,
  SecretSource,
} from './config-types.ts';
import {
  API_KEY_HEADER,
  DEFAULT_DELETES,
  DEFAULT_SECTIONS,
  DESTINATION_RETRY,
  IDEMPOTENCY_WINDOW_MS,
  PART_SIZE_MIB,
  PROVIDER_RETRY,
  PROVIDER_TIMEOUT_MS,
  REGION_OF_CUSTOM_ENDPOINT,
  STABILITY_MS,
  STALL_TIMEOUT_MS,
} from './defaults.ts';
import { awsEndpoint, isAwsHost, normaliseEndpoint } from './endpoint.ts';
import { normalisePrefix } from './key-prefix.ts';
import { freezeOverlaps } from './key-space.ts';
import { pathsOf } from './load-context.ts';
import type { LoadContext } from './load-context.ts';
import { proxyOf } from './proxy.ts';
import type { DestinationInput } from './schema-destination.ts';
import type { FolderInput } from './schema-folder.ts';
import type { ProviderInput } from './schema-provider.ts';
import type { ConfigInput } from './schema.ts';
import { parseDurationMs, parseShare, parseSizeBytes } from './units.ts';
import { resolveWeekWindow } from './week-words.ts';

/** `path` as written in the file `configFile` (absolute). */
export function resolvePath(path: string, configFile: string, context: LoadContext): string {
  const paths = pathsOf(context.platform);
  const isHome = path === '~' || path.startsWith('~/') || (context.platform === 'win32' && path.startsWith('~\\'));
  if (isHome) return paths.resolve(context.homeDir, path.slice(2));
  return paths.resolve(paths.dirname(configFile), path);
}

function resolveFolder(input: FolderInput, configFile: string, context: LoadContext): FolderConfig {
  const path = resolvePath(input.path, configFile, context);
  return {
    name: input.name ?? defaultFolderName(path, context),
    path,
    destination: input.destination,
    prefix: normalisePrefix(input.prefix ?? ''),
    mode: input.mode ?? 'drop',
    conflict: input.conflict ?? 'manual',
    ignore: input.ignore ?? [],
    priority: input.priority ?? 'normal',
    afterUpload: input.afterUpload ?? 'keep',
    archivePath: input.archivePath === undefined ? null : resolvePath(input.archivePath, configFile, context),
    deletes: deletesOf(input.deletes),
    maxFileSizeBytes: input.maxFileSize === undefined ? null : sizeOf(input.maxFileSize),
    minFileSizeBytes: input.minFileSize === undefined ? 0 : sizeOf(input.minFileSize),
    stabilityMs: durationOf(input.stability, STABILITY_MS),
    scanIntervalMs: input.scanInterval === undefined ? null : durationOf(input.scanInterval, 0),
    paused: input.paused ?? false,
    frozen: null,
  };
}

function deletesOf(input: FolderInput['deletes']): DeleteRules {
  return {
    graceMs: durationOf(input?.grace, DEFAULT_DELETES.graceMs),
    askAboveFiles: input?.askAboveFiles ?? DEFAULT_DELETES.askAboveFiles,
    askAboveShare: parseShare(input?.askAboveShare ?? '') ?? DEFAULT_DELETES.askAboveShare,
  };
}

/** The directory's own name; of a drive's root, which has none, the whole path. */
export function defaultFolderName(path: string, context: LoadContext): string {
  const name = pathsOf(context.platform).basename(path);
  return name === '' ? path : name;
}

/** Needs an endpoint or a region: cross-checks.ts sees to it. */
function resolveDestination(name: string, input: DestinationInput, proxyOfAll: ProxyConfig): DestinationConfig {
  const region = input.region ?? REGION_OF_CUSTOM_ENDPOINT;
  const endpoint = normaliseEndpoint(input.endpoint ?? awsEndpoint(region));
  return {
    name,
    type: 's3',
    endpoint,
    region,
    bucket: input.bucket,
    forcePathStyle: input.forcePathStyle ?? !isAwsHost(new URL(endpoint).hostname),
    credentials: credentialsOf(input.credentials),
    prefix: normalisePrefix(input.prefix ?? ''),
    allowInsecureHttp: input.allowInsecureHttp ?? false,
    publicUrl: input.publicUrl ?? null,
    retry: retryOf(input.retry, DESTINATION_RETRY),
    partSizeBytes: (input.partSizeMiB ?? PART_SIZE_MIB) * 2 ** 20,
    limits: {
      concurrency: input.limits?.concurrency ?? 'auto',
      partConcurrency: input.limits?.partConcurrency ?? 'auto',
      uploadKiBps: input.limits?.uploadKiBps ?? 0,
    },
    proxy: input.proxy === undefined ? proxyOfAll : proxyOf(input.proxy),
    stallTimeoutMs: durationOf(input.stallTimeout, STALL_TIMEOUT_MS),
  };
}

/** Needs an address: cross-checks.ts sees to it. */
function resolveProvider(name: string, input: ProviderInput): ProviderConfig {
  const headers = Object.entries(input.headers ?? {}).map(([header, value]) => [header, secretOf(value)] as const);
  return {
    name,
    baseUrl: normaliseEndpoint(providerAddress(input) ?? ''),
    allowInsecureHttp: input.allowInsecureHttp ?? false,
    auth: authOf(input.auth ?? 'none'),
    headers: Object.fromEntries(headers),
    timeoutMs: durationOf(input.timeout, PROVIDER_TIMEOUT_MS),
    idempotency: {
      mode: input.idempotency?.mode ?? 'key',
      windowMs: durationOf(input.idempotency?.window, IDEMPOTENCY_WINDOW_MS),
    },
    retry: retryOf(input.retry, PROVIDER_RETRY),
    conflict: 'manual',
  };
}

/** The one address of a provider, however it is written; undefined when it has none. */
export function providerAddress(input: Partial<ProviderInput>): string | undefined {
  const [entry] = input.endpoints ?? [];
  return input.baseUrl ?? (typeof entry === 'object' ? entry.url : entry);
}

/** `configFile` is absolute. `input` has passed the schema and the cross-checks. */
export function resolveConfig(input: ConfigInput, configFile: string, context: LoadContext): LongshoreConfig {
  const network = networkOf(input.network);
  const destinations = mapEntries(input.destinations, (name, entry) => resolveDestination(name, entry, network.proxy));
  const folders = (input.folders ?? []).map((folder) => resolveFolder(folder, configFile, context));
  return {
    device: input.device ?? deviceName(context.hostName),
    folders: freezeOverlaps(folders, destinations),
    destinations,
    providers: mapEntries(input.providers, resolveProvider),
    flows: {},
    subscriptions: [],
    limits: limitsOf(input.limits),
    network,
    history: { keepDays: input.history?.keepDays ?? DEFAULT_SECTIONS.history.keepDays },
  };
}

function limitsOf(input: ConfigInput['limits']): LongshoreConfig['limits'] {
  const defaults = DEFAULT_SECTIONS.limits;
  return {
    uploadKiBps: input?.uploadKiBps ?? defaults.uploadKiBps,
    schedule: (input?.schedule ?? []).map((entry) => {
      const { days, fromMinute, toMinute } = resolveWeekWindow(entry);
      return { days, fromMinute, toMinute, uploadKiBps: entry.uploadKiBps };
    }),
    concurrency: input?.concurrency ?? defaults.concurrency,
    workingHours: (input?.workingHours ?? []).map((window) => resolveWeekWindow(window)),
    minFreeDiskBytes: input?.minFreeDisk === undefined ? defaults.minFreeDiskBytes : sizeOf(input.minFreeDisk),
  };
}

function networkOf(input: ConfigInput['network']): LongshoreConfig['network'] {
  const defaults = DEFAULT_SECTIONS.network;
  return {
    proxy: input?.proxy === undefined ? defaults.proxy : proxyOf(input.proxy),
    pauseOnBattery: input?.pauseOnBattery ?? defaults.pauseOnBattery,
    pauseOnMetered: input?.pauseOnMetered ?? defaults.pauseOnMetered,
  };
}

function mapEntries<T, R>(
  section: Readonly<Record<string, T>> | null | undefined,
  resolveEntry: (name: string, input: T) => R,
) {
  return Object.fromEntries(Object.entries(section ?? {}).map(([name, input]) => [name, resolveEntry(name, input)]));
}

export function retryOf(input: DestinationInput['retry'], defaults: RetryConfig): RetryConfig {
  return {
    maxAttempts: input?.maxAttempts ?? defaults.maxAttempts,
    initialDelayMs: durationOf(input?.initialDelay, defaults.initialDelayMs),
    maxDelayMs: durationOf(input?.maxDelay, defaults.maxDelayMs),
    multiplier: input?.multiplier ?? defaults.multiplier,
    jitter: input?.jitter ?? defaults.jitter,
  };
}

/** The host name as it may stand in a file name. */
function deviceName(hostName: string): string {
  const clean = hostName.replaceAll(/[\p{Cc}/\\]/gu, '-').slice(0, 64);
  return clean === '' ? 'this-computer' : clean;
}

function secretOf(input: string | { secret: string } | { env: string }): SecretSource {
  if (typeof input === 'string') return { kind: 'literal', value: input };
  if ('secret' in input) return { kind: 'secret', name: input.secret };
  return { kind: 'env', name: input.env };
}

function credentialsOf(input: DestinationInput['credentials']): CredentialsConfig {
  if ('env' in input) return { kind: 'env' };
  if ('profile' in input) return { kind: 'profile', profile: input.profile };
  if ('secret' in input) return { kind: 'secret', name: input.secret };
  return {
    kind: 'literal',
    accessKeyId: input.accessKeyId,
    secretAccessKey: input.secretAccessKey,
    sessionToken: input.sessionToken ?? null,
  };
}

function authOf(input: NonNullable<ProviderInput['auth']>): AuthConfig {
  if (input === 'none') return { type: 'none' };
  switch (input.type) {
    case 'none':
      return { type: 'none' };
    case 'bearer':
      return { type: 'bearer', token: secretOf(input.token) };
    case 'basic':
      return { type: 'basic', username: secretOf(input.username), password: secretOf(input.password) };
    case 'apiKey':
      return { type: 'apiKey', header: input.header ?? API_KEY_HEADER, value: secretOf(input.value) };
    case 'hmac':
    case 'oauth2':
      throw new Error(`auth type ${input.type} passed the schema that refuses it`);
  }
}

function durationOf(input: string | undefined, fallbackMs: number): number {
  if (input === undefined) return fallbackMs;
  const ms = parseDurationMs(input);
  if (ms === null) throw new Error('a duration passed the schema that refuses it');
  return ms;
}

function sizeOf(input: string | number): number {
  const bytes = parseSizeBytes(input);
  if (bytes === null) throw new Error('a size passed the schema that refuses it');
  return bytes;
}
