import { Buffer } from 'node:buffer';

/** Amazon S3 "Naming Amazon S3 objects": a key has at most 1,024 bytes of UTF-8. */
export const KEY_MAX_BYTES = 1024;

/** Metadata name of the base name on disk, percent-encoded; only where its NFC differs. */
export const ORIGINAL_NAME = 'longshore-name';

/**
 * All metadata of an object has 2 KB; so much of it may hold the name. Longer ones (over 500 bytes; only HFS+ has them)
 * go without: the object is right, and a restore gets the NFC name.
 */
const ORIGINAL_NAME_MAX_BYTES = 1536;

export type ObjectKey =
  | { readonly ok: true; readonly key: string; readonly metadata: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly code: 's3.key-too-long'; readonly detail: string };

/**
 * The key under which a file is stored: the folder's prefix and the NFC of its path relative to the folder, "/"-separated.
 * Two paths can have the same key; the planner finds that out.
 */
export function objectKey(prefix: string, path: string): ObjectKey {
  const key = `${prefix}${path.normalize('NFC')}`;
  const keyBytes = Buffer.byteLength(key);
  if (keyBytes > KEY_MAX_BYTES) {
    return { ok: false, code: 's3.key-too-long', detail: `${keyBytes} bytes of ${KEY_MAX_BYTES}` };
  }
  return { ok: true, key, metadata: originalName(path) };
}

function originalName(path: string): Record<string, string> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (name === name.normalize('NFC')) return {};
  const encoded = encodeURIComponent(name);
  return encoded.length > ORIGINAL_NAME_MAX_BYTES ? {} : { [ORIGINAL_NAME]: encoded };
}
