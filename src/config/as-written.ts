/** The resolved configuration in the words of its file, defaults included: what people can read, and copy back. Pure. */
import type {
  AuthConfig,
  CredentialsConfig,
  DestinationConfig,
  FolderConfig,
  LongshoreConfig,
  ProviderConfig,
  ProxyConfig,
  RetryConfig,
  SecretSource,
  WeekWindow,
} from './config-types.ts';
import type { DestinationInput } from './schema-destination.ts';
import type { FolderInput } from './schema-folder.ts';
import type { ProviderInput } from './schema-provider.ts';
import type { ConfigInput } from './schema.ts';
import { writeDuration, writeShare, writeSize } from './units.ts';
import { writeDays, writeTimeOfDay } from './week-words.ts';

/** Reading the result again gives the same configuration, where no secret in it was redacted. */
export function configAsWritten(config: LongshoreConfig): ConfigInput {
  const { device, folders, destinations, providers, limits, network, history } = literally(config);
  return {
    device,
    folders: folders.map(folderAsWritten),
    destinations: mapValues(destinations, destinationAsWritten),
    providers: mapValues(providers, providerAsWritten),
    flows: {},
    subscriptions: [],
    limits: {
      uploadKiBps: limits.uploadKiBps,
      schedule: limits.schedule.map(({ uploadKiBps, ...window }) => ({ ...weekAsWritten(window), uploadKiBps })),
      workingHours: limits.workingHours.map(weekAsWritten),
      concurrency: limits.concurrency,
      minFreeDisk: writeSize(limits.minFreeDiskBytes),
    },
    network: { ...network, proxy: proxyAsWritten(network.proxy) },
    history,
  };
}

/** What looks like a variable in the file names none. */
function literally<T>(value: T): T {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${') as T;
  if (Array.isArray(value)) return value.map(literally) as T;
  if (typeof value !== 'object' || value === null) return value;
  return mapValues(value as Record<string, unknown>, literally) as T;
}

function folderAsWritten(folder: FolderConfig): FolderInput {
  const { archivePath, deletes, maxFileSizeBytes, scanIntervalMs } = folder;
  return {
    name: folder.name,
    path: folder.path,
    destination: folder.destination,
    prefix: folder.prefix,
    mode: folder.mode,
    conflict: folder.conflict,
    ignore: [...folder.ignore],
    priority: folder.priority,
    afterUpload: folder.afterUpload,
    ...(archivePath === null ? {} : { archivePath }),
    // In drop mode it would be refused: objects stay.
    ...(folder.mode === 'drop'
      ? {}
      : {
          deletes: {
            grace: writeDuration(deletes.graceMs),
            askAboveFiles: deletes.askAboveFiles,
            askAboveShare: writeShare(deletes.askAboveShare),
          },
        }),
    ...(maxFileSizeBytes === null ? {} : { maxFileSize: writeSize(maxFileSizeBytes) }),
    minFileSize: writeSize(folder.minFileSizeBytes),
    stability: writeDuration(folder.stabilityMs),
    ...(scanIntervalMs === null ? {} : { scanInterval: writeDuration(scanIntervalMs) }),
    paused: folder.paused,
  };
}

function destinationAsWritten(destination: DestinationConfig): DestinationInput {
  const { publicUrl } = destination;
  return {
    type: destination.type,
    endpoint: destination.endpoint,
    region: destination.region,
    bucket: destination.bucket,
    forcePathStyle: destination.forcePathStyle,
    credentials: credentialsAsWritten(destination.credentials),
    prefix: destination.prefix,
    allowInsecureHttp: destination.allowInsecureHttp,
    ...(publicUrl === null ? {} : { publicUrl }),
    retry: retryAsWritten(destination.retry),
    partSizeMiB: destination.partSizeBytes / 2 ** 20,
    limits: { ...destination.limits },
    proxy: proxyAsWritten(destination.proxy),
    stallTimeout: writeDuration(destination.stallTimeoutMs),
  };
}

function providerAsWritten(provider: ProviderConfig): ProviderInput {
  const { mode, windowMs } = provider.idempotency;
  return {
    baseUrl: provider.baseUrl,
    allowInsecureHttp: provider.allowInsecureHttp,
    auth: authAsWritten(provider.auth),
    headers: mapValues(provider.headers, secretAsWritten),
    timeout: writeDuration(provider.timeoutMs),
    idempotency: { mode, window: writeDuration(windowMs) },
    retry: retryAsWritten(provider.retry),
    conflict: provider.conflict,
  };
}

function credentialsAsWritten(credentials: CredentialsConfig): DestinationInput['credentials'] {
  switch (credentials.kind) {
    case 'literal': {
      const { accessKeyId, secretAccessKey, sessionToken } = credentials;
      return { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) };
    }
    case 'env':
      return { env: true };
    case 'profile':
      return { profile: credentials.profile };
    case 'secret':
      return { secret: credentials.name };
  }
}

function authAsWritten(auth: AuthConfig): NonNullable<ProviderInput['auth']> {
  switch (auth.type) {
    case 'none':
      return 'none';
    case 'bearer':
      return { type: 'bearer', token: secretAsWritten(auth.token) };
    case 'basic':
      return { type: 'basic', username: secretAsWritten(auth.username), password: secretAsWritten(auth.password) };
    case 'apiKey':
      return { type: 'apiKey', header: auth.header, value: secretAsWritten(auth.value) };
  }
}

function secretAsWritten(source: SecretSource): string | { secret: string } | { env: string } {
  switch (source.kind) {
    case 'literal':
      return source.value;
    case 'secret':
      return { secret: source.name };
    case 'env':
      return { env: source.name };
  }
}

function retryAsWritten({ maxAttempts, initialDelayMs, maxDelayMs, multiplier, jitter }: RetryConfig) {
  const [initialDelay, maxDelay] = [writeDuration(initialDelayMs), writeDuration(maxDelayMs)];
  return { maxAttempts, initialDelay, maxDelay, multiplier, jitter };
}

function proxyAsWritten(proxy: ProxyConfig): string {
  return proxy.kind === 'url' ? proxy.url : proxy.kind;
}

function weekAsWritten({ days, fromMinute, toMinute }: WeekWindow) {
  return { days: writeDays(days), from: writeTimeOfDay(fromMinute), to: writeTimeOfDay(toMinute) };
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, change: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
