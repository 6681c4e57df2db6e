import type { AuthConfig, CredentialsConfig, LongshoreConfig, ProxyConfig, SecretSource } from './config-types.ts';

/** Stands for a value that is not shown. */
export const REDACTED = '•••';

/** Headers whose value says nothing that a stranger could use. Of all others the value counts as a secret. */
const OPEN_HEADERS = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'content-type',
  'user-agent',
  'x-api-version',
]);

/**
 * The same configuration with every secret value, and every value that may be one, replaced: what `config show`, logs
 * and diagnostics may hold (P12). Names of secrets, variables and profiles stay.
 */
export function redactConfig(config: LongshoreConfig): LongshoreConfig {
  return {
    ...config,
    network: { ...config.network, proxy: redactProxy(config.network.proxy) },
    destinations: mapValues(config.destinations, (destination) => ({
      ...destination,
      credentials: redactCredentials(destination.credentials),
      proxy: redactProxy(destination.proxy),
      publicUrl: destination.publicUrl === null ? null : redactQuery(destination.publicUrl),
    })),
    providers: mapValues(config.providers, (provider) => ({
      ...provider,
      auth: redactAuth(provider.auth),
      headers: mapValues(provider.headers, (value, name) =>
        OPEN_HEADERS.has(name.toLowerCase()) ? value : redactSource(value),
      ),
    })),
  };
}

function redactCredentials(credentials: CredentialsConfig): CredentialsConfig {
  if (credentials.kind !== 'literal') return credentials;
  return {
    kind: 'literal',
    accessKeyId: REDACTED,
    secretAccessKey: REDACTED,
    sessionToken: credentials.sessionToken === null ? null : REDACTED,
  };
}

/** The user name is half of the secret, and shown no more than the password. */
function redactProxy(proxy: ProxyConfig): ProxyConfig {
  if (proxy.kind !== 'url') return proxy;
  const { protocol, host, username, password } = new URL(proxy.url);
  const userInfo = username === '' && password === '' ? '' : `${REDACTED}@`;
  return { kind: 'url', url: `${protocol}//${userInfo}${host}` };
}

function redactAuth(auth: AuthConfig): AuthConfig {
  switch (auth.type) {
    case 'none':
      return auth;
    case 'bearer':
      return { ...auth, token: redactSource(auth.token) };
    case 'basic':
      return { ...auth, username: redactSource(auth.username), password: redactSource(auth.password) };
    case 'apiKey':
      return { ...auth, value: redactSource(auth.value) };
  }
}

function redactSource(source: SecretSource): SecretSource {
  return source.kind === 'literal' ? { kind: 'literal', value: REDACTED } : source;
}

/** An address for people can carry an access token after the "?"; the placeholders are not secret. */
function redactQuery(template: string): string {
  return template.replaceAll(/([?&;#][^=&;#]*=)([^&;#]*)/g, (whole: string, name: string, value: string) =>
    /^\{(?:bucket|key)\}$/.test(value) ? whole : `${name}${REDACTED}`,
  );
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, change: (value: T, key: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
