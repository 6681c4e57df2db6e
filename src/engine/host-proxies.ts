import type { SystemProxy } from '../remote/proxy.ts';

/** What the host (Electron) told of the system's proxy settings, by origin; a scheme alone stands for all others with it. */
export class HostProxies {
  #told: ReadonlyMap<string, string | null> = new Map();

  /** True when it is news. Values: address of a proxy, or null for "straight to it". */
  tell(proxies: Readonly<Record<string, string | null>>): boolean {
    const told = new Map(Object.entries(proxies));
    const isNews = told.size !== this.#told.size || [...told].some(([key, value]) => this.#told.get(key) !== value);
    this.#told = told;
    return isNews;
  }

  readonly of: SystemProxy = (origin) => {
    const exact = this.#told.get(origin);
    return exact === undefined ? this.#told.get(new URL(origin).protocol) : exact;
  };
}
