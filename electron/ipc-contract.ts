/**
 * All that passes between the window and the main process: two maps and nothing beside them. `src/protocol` has the
 * contract with the engine, which travels inside of `request` and `notification`.
 */
import { z } from 'zod';
import type { BridgeNotification, BridgeReply, EngineHostState } from '../src/protocol/bridge.ts';

const id = z.string().min(1).max(64);

/** Window → main: asked, checked, answered. */
export const INVOKES = {
  /** `params` are checked by the contract's schema of that method. */
  request: z.object({ method: z.string().max(100), params: z.unknown() }).strict(),
  'engine-state': z.undefined(),
  reveal: z.object({ operationId: id }).strict(),
  'open-folder': z.object({ folderName: z.string().min(1).max(200) }).strict(),
  'open-remote': z.object({ operationId: id }).strict(),
  'copy-text': z.object({ text: z.string().max(1_000_000) }).strict(),
} as const satisfies Record<string, z.ZodType>;

export type InvokeName = keyof typeof INVOKES;
export type InvokeParams<N extends InvokeName> = z.infer<(typeof INVOKES)[N]>;

interface Replies {
  request: BridgeReply<unknown>;
  'engine-state': EngineHostState;
  reveal: BridgeReply<null>;
  'open-folder': BridgeReply<null>;
  'open-remote': BridgeReply<null>;
  'copy-text': null;
}
export type InvokeReply<N extends InvokeName> = Replies[N];

/** Main → window: told, never answered. */
export interface Events {
  notification: BridgeNotification;
  'engine-state': EngineHostState;
}
export type EventName = keyof Events;

/** What preload learns before the page runs, as one argument of the process. */
export const factsShape = z
  .object({
    version: z.string(),
    platform: z.string(),
    theme: z.enum(['light', 'dark']).nullable(),
    locale: z.string(),
  })
  .strict();
export type Facts = z.infer<typeof factsShape>;
