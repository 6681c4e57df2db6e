/**
 * The first way that Longshore can go out of what Chromium's proxy resolution says, in the form of PAC scripts ("PROXY
 * proxy:3128; DIRECT"): the address of a proxy, or null for "straight to it", also where there are SOCKS proxies alone.
 */
export function proxyAddressOf(resolution: string): string | null {
  for (const entry of resolution.split(';')) {
    const [kind = '', address] = entry.trim().split(/\s+/);
    if (kind.toUpperCase() === 'DIRECT') return null;
    const scheme = kind.toUpperCase() === 'PROXY' ? 'http' : kind.toUpperCase() === 'HTTPS' ? 'https' : null;
    if (scheme === null || address === undefined) continue;
    const url = `${scheme}://${address}`;
    if (URL.canParse(url)) return url;
  }
  return null;
}

/** What stands for every service that is not named by its origin. */
const ANY_SERVICE: readonly (readonly [scheme: string, url: string])[] = [
  ['https:', 'https://example.com/'],
  ['http:', 'http://example.com/'],
];

/** The system's settings for these services and, by scheme, for all others, as the engine takes them. */
export async function systemProxies(
  endpoints: readonly string[],
  resolve: (url: string) => Promise<string>,
): Promise<Record<string, string | null>> {
  const origins = [...new Set(endpoints.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin))];
  const asked = [...ANY_SERVICE, ...origins.map((origin) => [origin, `${origin}/`] as const)];
  const answers = await Promise.all(
    asked.map(async ([key, url]) => [key, proxyAddressOf(await resolve(url))] as const),
  );
  return Object.fromEntries(answers);
}
