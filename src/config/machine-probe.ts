import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { whereProfileIsMissing } from './aws-profiles.ts';
import type { SecretProbe } from './check-secrets.ts';
import type { FolderState, WorkableProbe } from './check-workable.ts';
import type { SecretUse } from './secret-form.ts';
import type { Environment } from './substitute-env.ts';

export interface SecretProbeOptions {
  readonly env: Environment;
  hasSecret(name: string): boolean;
  secretFault(name: string, use: SecretUse): string | null;
}

export interface MachineProbeOptions extends SecretProbeOptions {
  readonly dataDir: string | null;
  /** `silentPaths` of those that are asked about. */
  readonly silent?: ReadonlySet<string>;
}

/** The facts of this machine for `checkWorkable`. Looks with synchronous calls: for commands and start-up, not for loops. */
export function machineProbe(options: MachineProbeOptions): WorkableProbe {
  return {
    platform: process.platform,
    realDataDir: options.dataDir === null ? null : (realPath(options.dataDir) ?? options.dataDir),
    folderState,
    realPath,
    isSilent: (path) => options.silent?.has(path) ?? false,
    ...secretProbe(options),
  };
}

export function secretProbe(options: SecretProbeOptions): SecretProbe {
  return {
    hasSecret: (name) => options.hasSecret(name),
    secretFault: (name, use) => options.secretFault(name, use),
    env: (name) => options.env[name] ?? '',
    profileMissingFrom: (name) => whereProfileIsMissing(name, options.env),
  };
}

/** Those of these paths that the system tells nothing of within this time, ms: a call that waits for one hangs. */
export async function silentPaths(paths: readonly string[], withinMs: number): Promise<ReadonlySet<string>> {
  const silent = new Set(paths);
  const looks = paths.map(async (path) => {
    await stat(path).catch(() => null);
    silent.delete(path);
  });
  const patience = new AbortController();
  await Promise.race([Promise.all(looks), delay(withinMs, null, { signal: patience.signal })]);
  patience.abort();
  // A copy: one that answers late would leave the set while it is in use.
  return new Set(silent);
}

function folderState(path: string): FolderState {
  try {
    if (!statSync(path).isDirectory()) return 'not-a-directory';
    accessSync(path, constants.R_OK | constants.X_OK);
    return 'ok';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'unreadable';
  }
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
