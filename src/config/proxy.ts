import type { ProxyConfig } from './config-types.ts';

/** The words that can stand for a proxy, beside its address. */
const PROXY_WORDS = ['system', 'environment', 'none'] as const;

const HINT = 'Write system, environment, none, or an address such as http://proxy.example.com:3128.';

/** What is wrong with a written proxy, or null. The address is never repeated: it may hold a password (P12). */
export function proxyFault(written: string): { readonly message: string; readonly hint: string } | null {
  if (PROXY_WORDS.some((word) => word === written)) return null;
  if (/^socks/i.test(written)) {
    return { message: 'SOCKS proxies are not supported.', hint: 'Use the HTTP port of your proxy.' };
  }
  if (!/^https?:\/\//i.test(written) || !URL.canParse(written)) {
    return { message: 'This is not a usable proxy.', hint: HINT };
  }
  const url = new URL(written);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return { message: 'The address of a proxy ends after its port.', hint: HINT };
  }
  // A lone "%" would fail only when the first request is made.
  if (decoded(url.username) === null || decoded(url.password) === null) {
    const hint = 'Write special characters in it percent-encoded: %25 for "%", %40 for "@".';
    return { message: 'The proxy’s user name or password is not written as in an address.', hint };
  }
  return null;
}

/** `written` has passed `proxyFault`. */
export function proxyOf(written: string): ProxyConfig {
  const word = PROXY_WORDS.find((known) => known === written);
  return word === undefined ? { kind: 'url', url: new URL(written).href } : { kind: word };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
