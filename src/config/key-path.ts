import { memberOf } from './plain-data.ts';

/** A place in the configuration: map keys and list indexes from the root. */
export type KeyPath = readonly (string | number)[];

const PLAIN_KEY = /^[A-Za-z_][\w-]*$/;

/** `folders[0].path`, `destinations["my bucket"].region`; empty for the root. */
export function formatKey(path: KeyPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!PLAIN_KEY.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/**
 * Whether a value at this place, or a mistyped key, may be repeated in a message. Not where it may be a secret: with no
 * space after the colon, `secretAccessKey:abc` makes the secret a *key*.
 */
export function maySayWhatIsAt(path: KeyPath): boolean {
  const [section, , field] = path;
  if (path.some((part) => typeof part === 'string' && part.includes(':'))) return false;
  if (section === 'destinations') return field !== 'credentials' && field !== 'proxy';
  if (section === 'network') return path[1] !== 'proxy';
  if (section === 'providers') return field !== 'auth' && field !== 'headers';
  return true;
}

/** The value at `path` in plain data, or undefined. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const part of path) value = memberOf(value, part);
  return value;
}
