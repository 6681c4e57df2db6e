/** Where to send what is for a service, given its origin; null: straight to it. */
export type ProxyResolver = (origin: string) => ProxyAddress | null;

export interface ProxyAddress {
  /** Origin of the proxy, without user info. */
  readonly url: string;
  /** Value of Proxy-Authorization; a secret (P12). */
  readonly authorization: string | null;
}

/** As the configuration has it. */
export type ProxySetting =
  { readonly kind: 'system' | 'environment' | 'none' } | { readonly kind: 'url'; readonly url: string };

/**
 * What the host knows of the system's settings for an origin: an address, null for "straight to it", undefined when it
 * knows nothing (there is no host, or it has not told yet).
 */
export type SystemProxy = (origin: string) => string | null | undefined;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Which proxy a setting means. Services on this machine are never asked for through a proxy, unless it is named by its
 * address.
 */
export function proxyResolver(setting: ProxySetting, env: Env, system: SystemProxy = () => undefined): ProxyResolver {
  switch (setting.kind) {
    case 'none':
      return () => null;
    case 'url': {
      const address = proxyAddress(setting.url);
      return () => address;
    }
    case 'environment':
      return beyondThisMachine((origin) => fromEnvironment(origin, env));
    case 'system':
      return beyondThisMachine((origin) => {
        const told = system(origin);
        if (told === undefined) return fromEnvironment(origin, env);
        return told === null ? null : proxyAddress(told);
      });
  }
}

function beyondThisMachine(resolve: ProxyResolver): ProxyResolver {
  return (origin) => (isLoopback(new URL(origin).hostname) ? null : resolve(origin));
}

export function isLoopback(hostname: string): boolean {
  return /^(?:(?:.*\.)?localhost|127(?:\.\d+){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])\.?$/i.test(hostname);
}

/** Null for what is no http(s) address: another kind of proxy is not spoken. */
function proxyAddress(text: string): ProxyAddress | null {
  // Curl and others allow it without a scheme.
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null;
  const user = `${decode(url.username)}:${decode(url.password)}`;
  return { url: url.origin, authorization: user === ':' ? null : `Basic ${Buffer.from(user).toString('base64')}` };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function fromEnvironment(origin: string, env: Env): ProxyAddress | null {
  const url = new URL(origin);
  const scheme = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const told = said(env, scheme) ?? said(env, 'all_proxy');
  if (told === undefined || isExempt(url, said(env, 'no_proxy') ?? '')) return null;
  return proxyAddress(told);
}

/** Lower case goes before upper case, as in curl. */
function said(env: Env, name: string): string | undefined {
  const value = env[name] ?? env[name.toUpperCase()];
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

/** `no_proxy`: "*", names with all below them (with or without a leading "." or "*."), each with a port if need be. */
function isExempt(url: URL, list: string): boolean {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === '*') return true;
      const [, name = '', ofPort] = /^(.*?|\[.*\])(?::(\d+))?$/.exec(entry) ?? [];
      if (ofPort !== undefined && ofPort !== port) return false;
      const bare = name.replace(/^\*?\./, '');
      const host = url.hostname.toLowerCase();
      return bare !== '' && (host === bare || host === `[${bare}]` || host.endsWith(`.${bare}`));
    });
}
