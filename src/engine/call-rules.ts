import type { AuthConfig, LongshoreConfig, SecretSource } from '../config/config-types.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { SecretsRepo } from '../db/secrets-repo.ts';
import type { ResolvedAuth } from '../remote/http/provider-request.ts';
import type { CallDeps, CallRules } from '../sync/call-executor.ts';

/** A call to a bare URL: its own Idempotency-Key is honoured for a day, as most services that know it do. */
const BARE_URL_WINDOW_MS = 24 * 60 * 60_000;
const BARE_URL_TIMEOUT_MS = 60 * 60_000;

/** Where secrets come from, by how the configuration names them. */
export function secretResolver(secrets: Pick<SecretsRepo, 'get'>, env: Readonly<Record<string, string | undefined>>) {
  return (source: SecretSource): string => {
    switch (source.kind) {
      case 'literal':
        return source.value;
      case 'env': {
        const value = env[source.name];
        if (value === undefined || value === '')
          throw new LongshoreError('config.secret-missing', {
            subject: source.name,
            detail: `the environment has no ${source.name}`,
          });
        return value;
      }
      case 'secret': {
        const value = secrets.get(source.name);
        if (value === null)
          throw new LongshoreError('config.secret-missing', {
            subject: source.name,
            detail: `there is no secret "${source.name}"`,
          });
        return value;
      }
    }
  };
}

/** Looks up provider and rules of a call at the moment it is sent. */
export function callRules(
  config: LongshoreConfig,
  secrets: Pick<SecretsRepo, 'get'>,
  env: Readonly<Record<string, string | undefined>>,
): CallDeps['rules'] {
  const resolve = secretResolver(secrets, env);
  return async (operation, url): Promise<CallRules> => {
    if (operation.provider === null) {
      const provider = {
        baseUrl: new URL(url).origin,
        headers: {},
        secretHeaders: [],
        auth: { type: 'none' } as const,
        timeoutMs: BARE_URL_TIMEOUT_MS,
      };
      return { provider, idempotency: { mode: 'key', windowMs: BARE_URL_WINDOW_MS } };
    }
    const provider = config.providers[operation.provider];
    if (provider === undefined) throw new LongshoreError('config.provider-missing', { subject: operation.provider });
    const headers = Object.fromEntries(
      Object.entries(provider.headers).map(([name, source]) => [name, resolve(source)]),
    );
    return {
      provider: {
        baseUrl: provider.baseUrl,
        headers,
        secretHeaders: Object.entries(provider.headers).flatMap(([name, source]) =>
          source.kind === 'literal' ? [] : [name],
        ),
        auth: resolveAuth(provider.auth, resolve),
        timeoutMs: provider.timeoutMs,
      },
      idempotency: provider.idempotency,
    };
  };
}

function resolveAuth(auth: AuthConfig, resolve: (source: SecretSource) => string): ResolvedAuth {
  switch (auth.type) {
    case 'none':
      return auth;
    case 'bearer':
      return { type: 'bearer', token: resolve(auth.token) };
    case 'basic':
      return { type: 'basic', username: resolve(auth.username), password: resolve(auth.password) };
    case 'apiKey':
      return { type: 'apiKey', header: auth.header, value: resolve(auth.value) };
  }
}
