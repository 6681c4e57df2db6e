import { homedir, hostname } from 'node:os';
import { posix, resolve, win32 } from 'node:path';

import type { Environment } from './substitute-env.ts';

/** What the meaning of a configuration depends on beside its text. */
export interface LoadContext {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** Absolute; what `~/` stands for. */
  readonly homeDir: string;
  readonly hostName: string;
  /** Absolute; no folder may contain it. Null: not known, not checked. */
  readonly dataDir: string | null;
}

/** The machine that this process runs on. */
export function machineContext(dataDir: string | null): LoadContext {
  return {
    env: process.env,
    platform: process.platform,
    homeDir: homedir(),
    hostName: hostname(),
    dataDir: dataDir === null ? null : resolve(dataDir),
  };
}

/** The path rules of the platform in the context, which in tests is not always this one. */
export function pathsOf(platform: NodeJS.Platform): typeof posix {
  return platform === 'win32' ? win32 : posix;
}

/** Whether `inner` is `outer` or lies inside it; both absolute. Case counts except where file systems ignore it. */
export function containsPath(outer: string, inner: string, platform: NodeJS.Platform): boolean {
  const paths = pathsOf(platform);
  const fold = (path: string) => {
    const normal = path.normalize('NFC');
    return platform === 'win32' || platform === 'darwin' ? normal.toLowerCase() : normal;
  };
  const relative = paths.relative(fold(outer), fold(inner));
  return (
    relative === '' || (relative !== '..' && !relative.startsWith(`..${paths.sep}`) && !paths.isAbsolute(relative))
  );
}
