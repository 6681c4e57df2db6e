import { compareKeys } from './key-order.ts';

/** One thing in a listing; several may share a key. */
export interface ListedEntry<T> {
  readonly key: string;
  readonly value: T;
}

export interface PageRequest {
  readonly prefix: string;
  /** Empty for none. */
  readonly delimiter: string;
  readonly limit: number;
  /** Where the last page ended. A common prefix that is equal to it was listed there already. */
  readonly after: string;
}

export interface Page<T> {
  readonly entries: readonly ListedEntry<T>[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  /** The last thing on the page: an entry, or a common prefix. */
  readonly last: ListedEntry<T> | { readonly key: string; readonly value: undefined } | undefined;
}

/** @param entries in key order, none before the page, at or behind the prefix. Consumed only as far as needed. */
export function paginate<T>(entries: Iterable<ListedEntry<T>>, request: PageRequest): Page<T> {
  const { prefix, delimiter, limit, after } = request;
  const taken: ListedEntry<T>[] = [];
  const commonPrefixes: string[] = [];
  let last: Page<T>['last'];
  let truncated = false;
  for (const entry of entries) {
    if (!entry.key.startsWith(prefix)) {
      if (compareKeys(entry.key, prefix) > 0) break;
      continue;
    }
    const cut = delimiter === '' ? -1 : entry.key.indexOf(delimiter, prefix.length);
    const common = cut === -1 ? undefined : entry.key.slice(0, cut + delimiter.length);
    if (common !== undefined && (common === after || common === commonPrefixes.at(-1))) continue;
    if (taken.length + commonPrefixes.length >= limit) {
      truncated = limit > 0;
      break;
    }
    if (common === undefined) {
      taken.push(entry);
      last = entry;
    } else {
      commonPrefixes.push(common);
      last = { key: common, value: undefined };
    }
  }
  return { entries: taken, commonPrefixes, truncated, last };
}
