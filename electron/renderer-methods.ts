import type { Method } from '../src/protocol/contract.ts';

/**
 * The engine's methods that the window may call. What is not here has no way in from a page: setting and removing
 * secrets, ending the engine, speaking for the host.
 */
export const RENDERER_METHODS = [
  'status',
  'ls',
  'conflicts',
  'show',
  'pause',
  'resume',
  'retry',
  'cancel',
  'resolve',
  'undo',
  'deletes.ls',
  'deletes.decide',
  'folder.adopt',
  'call',
  'events',
  'folder.add',
  'rescan',
  'secret.ls',
  'subscribe',
] as const satisfies readonly Method[];
export type RendererMethod = (typeof RENDERER_METHODS)[number];

export function isRendererMethod(name: unknown): name is RendererMethod {
  return RENDERER_METHODS.some((method) => method === name);
}
