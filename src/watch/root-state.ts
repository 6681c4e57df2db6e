import { type BigIntStats, statSync } from 'node:fs';
import type { RootState } from '../core/ports.ts';
import { errnoOf, fsErrorCode } from './classify-fs.ts';

/** Which directory a root is: what stays the same as long as the same directory of the same volume stands there. */
export interface RootIdentity {
  readonly volume: string;
  readonly inode: string;
}

export interface RootLook {
  readonly state: RootState;
  /** Null unless the root is a directory that can be looked at. */
  readonly identity: RootIdentity | null;
}

/** Looks at a root as it is now; a root that is a link is followed. `volume` is the one that it is expected on. */
export function lookAtRoot(root: string, volume: string | undefined): RootLook {
  let stats: BigIntStats;
  try {
    stats = statSync(root, { bigint: true });
  } catch (error) {
    return { state: unreadableRoot(error), identity: null };
  }
  if (!stats.isDirectory()) return { state: { kind: 'not-a-directory', detail: root }, identity: null };
  const identity: RootIdentity = { volume: String(stats.dev), inode: String(stats.ino) };
  if (volume !== undefined && volume !== identity.volume) {
    return { state: { kind: 'other-volume', detail: `device ${identity.volume}, before ${volume}` }, identity };
  }
  return { state: { kind: 'healthy' }, identity };
}

/** The state of a root that a system call failed on. A drive that does not answer is as good as missing. */
function unreadableRoot(error: unknown): RootState {
  const detail = error instanceof Error ? error.message : String(error);
  if (errnoOf(error) === 'ENOTDIR') return { kind: 'missing', detail };
  return { kind: fsErrorCode(error) === 'local.permission' ? 'no-permission' : 'missing', detail };
}
