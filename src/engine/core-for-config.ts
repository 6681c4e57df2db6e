import type { LongshoreConfig } from '../config/config-types.ts';
import { unchangedServices } from './config-change.ts';
import type { SyncCore } from './sync-core.ts';

/**
 * The core that works under another configuration: `core` itself where it can take the change over while it works. Else it
 * is stopped, and another one takes its place, which knows what was seen of services that stay as they were. That one is
 * not started yet.
 */
export async function coreForConfig(
  core: SyncCore,
  config: LongshoreConfig,
  makeCore: (config: LongshoreConfig) => SyncCore,
): Promise<SyncCore> {
  if (await core.reconfigure(config)) return core;
  await core.stop();
  const known = unchangedServices(core.config, config);
  const next = makeCore(config);
  next.gates.inherit(core.gates, known);
  // Somebody is at the machine: whatever is out of reach is tried at once.
  next.gates.lookAgainNow();
  return next;
}
