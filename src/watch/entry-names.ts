import { Buffer, isUtf8 } from 'node:buffer';
import { readdirSync } from 'node:fs';

export interface EntryNames {
  readonly names: readonly string[];
  /** Names that are not valid UTF-8, as shown to people; they have no path that JavaScript could open. */
  readonly undecodable: readonly string[];
}

/**
 * The names in a directory. Throws the system's error when it can't be read.
 *
 * Names are decoded by Node, which puts U+FFFD for what it can't decode: only a listing that holds one is read again as
 * bytes, since a buffer for each name costs a third of a scan.
 */
export function listNames(path: string): EntryNames {
  const names = readdirSync(path);
  if (!names.some((name) => name.includes('\uFFFD'))) return { names, undecodable: [] };
  return distinctNames(readdirSync(path, { encoding: 'buffer' }));
}

/**
 * The names of one directory, each shown as no other of them is: a name may hold, in plain letters, what the byte of another is
 * shown as. Those that can't be decoded then give way, in the order of their bytes, so that each look shows them alike.
 */
export function distinctNames(entries: readonly Buffer[]): EntryNames {
  const names = entries.filter((bytes) => isUtf8(bytes)).map((bytes) => bytes.toString('utf8'));
  const taken = new Set(names);
  const undecodable: string[] = [];
  for (const bytes of entries.filter((entry) => !isUtf8(entry)).toSorted((a, b) => Buffer.compare(a, b))) {
    let shown = escapeName(bytes);
    while (taken.has(shown)) shown += '\uFFFD';
    taken.add(shown);
    undecodable.push(shown);
  }
  return { names, undecodable };
}

/** Decodes what is valid UTF-8 and escapes every other byte as \xNN. */
export function escapeName(bytes: Uint8Array): string {
  let shown = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at] ?? 0);
    const sequence = bytes.subarray(at, at + length);
    if (sequence.length === length && isUtf8(sequence)) {
      shown += Buffer.from(sequence).toString('utf8');
      at += length;
    } else {
      shown += String.raw`\x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`;
      at += 1;
    }
  }
  return shown;
}

/** What the first byte announces (RFC 3629 section 3). */
function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
