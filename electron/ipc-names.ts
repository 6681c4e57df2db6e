import type { EventName, InvokeName } from './ipc-contract.ts';

/** Names on the wire. Apart from the schemas, so that the preload script stays small and starts quickly. */
export function invokeChannel(name: InvokeName): string {
  return `longshore:invoke:${name}`;
}

export function eventChannel(name: EventName): string {
  return `longshore:event:${name}`;
}

export const FACTS_SWITCH = '--longshore-facts=';
