import { RpcRefusal } from '../protocol/rpc-errors.ts';
import { notFound } from './refusals.ts';
import type { SyncCore } from './sync-core.ts';

/** Throws an RpcRefusal for the scope of a folder or provider that the configuration does not have. */
export function requireKnownScope(core: SyncCore, scope: string): void {
  const colon = scope.indexOf(':');
  const name = scope.slice(colon + 1);
  if (scope.startsWith('folder:') && !core.config.folders.some((folder) => folder.name === name)) {
    throw notFound(`There is no folder "${name}".`, 'See "longshore status" for the folders.');
  }
  if (scope.startsWith('provider:') && core.config.providers[name] === undefined) {
    throw notFound(`There is no provider "${name}".`, 'See "longshore config show" for the providers.');
  }
}

/** Throws an RpcRefusal for a folder whose root has no marker by design. */
export function requireMirror(core: SyncCore, name: string): void {
  if (core.config.folders.some((folder) => folder.name === name && folder.mode === 'mirror')) return;
  const message = `Folder "${name}" is in drop mode: it has no marker, and nothing to adopt.`;
  throw new RpcRefusal({ kind: 'state', message, hint: 'Only folders with "mode: mirror" have one.' });
}
