import { RpcRefusal } from '../protocol/rpc-errors.ts';
import type { SyncCore } from './sync-core.ts';
import { requireKnown } from './unknown-name.ts';

/** Throws an RpcRefusal for what a pause is about, `folder:NAME` or `provider:NAME`, where it is not configured. */
export function requireKnownScope(core: SyncCore, scope: string): void {
  const [, kind, name = ''] = /^(folder|provider):(.*)$/s.exec(scope) ?? [];
  if (kind === 'folder' || kind === 'provider') requireKnown(core.config, kind, name);
}

/** Throws an RpcRefusal for a folder whose root has no marker by design. */
export function requireMirror(core: SyncCore, name: string): void {
  if (core.config.folders.some((folder) => folder.name === name && folder.mode === 'mirror')) return;
  const message = `Folder "${name}" is in drop mode: it has no marker, and nothing to adopt.`;
  throw new RpcRefusal({ kind: 'state', message, hint: 'Only folders with "mode: mirror" have one.' });
}
