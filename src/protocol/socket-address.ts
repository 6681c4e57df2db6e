import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** Longest path in `sun_path`, bytes, without the closing NUL: 108 on Linux (unix(7)), 104 on macOS and the BSDs. */
const MAX_PATH_BYTES = { linux: 107, other: 103 } as const;

export interface AddressContext {
  readonly platform: NodeJS.Platform;
  readonly tempDir: string;
  /** Tells users apart in a shared temp directory. */
  readonly uid: number;
}

/**
 * Where the engine of a data directory listens. On Windows a named pipe; else a socket in a directory of its own under
 * the data directory or, where that path is longer than the system takes, under the temp directory by its hash. Clients
 * never compute it: it stands in `engine.json`.
 */
export function socketAddress(dataDir: string, context: AddressContext = thisMachine()): string {
  const hash = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 16);
  if (context.platform === 'win32') return `\\\\.\\pipe\\longshore-${hash}`;
  const limit = context.platform === 'linux' ? MAX_PATH_BYTES.linux : MAX_PATH_BYTES.other;
  const fits = (path: string) => Buffer.byteLength(path) <= limit;
  const own = join(resolve(dataDir), 'run', 'engine.sock');
  if (fits(own)) return own;
  const hashed = (base: string) => join(base, `longshore-${context.uid}-${hash}`, 'engine.sock');
  const inTemp = hashed(context.tempDir);
  return fits(inTemp) ? inTemp : hashed('/tmp');
}

/**
 * Makes the directory of a socket, readable by this user alone, so that no one reaches the socket before its own mode is
 * set. Throws when it is someone else's or a link: in a shared temp directory that may be a trap.
 */
export function preparePrivateDirectory(address: string): void {
  const directory = dirname(address);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const facts = lstatSync(directory);
  const uid = process.getuid?.();
  if (!facts.isDirectory() || (uid !== undefined && facts.uid !== uid)) {
    throw new Error(`The directory for the engine’s socket, ${directory}, belongs to someone else.`);
  }
  if ((facts.mode & 0o077) !== 0) chmodSync(directory, 0o700);
}

function thisMachine(): AddressContext {
  return { platform: process.platform, tempDir: tmpdir(), uid: process.getuid?.() ?? 0 };
}
