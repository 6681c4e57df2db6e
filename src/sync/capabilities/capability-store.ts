import type { EpochMs } from '../../core/ports.ts';
import type { SettingsRepo } from '../../db/settings-repo.ts';
import { NOTHING_KNOWN, UNKNOWN_CAPABILITIES, type Capabilities, type KnownCapabilities } from './capabilities.ts';

/** What a probe is about to write: stored before its first request, so that a crash leaves nothing behind (P7). */
export interface ProbeIntent {
  /**
   * Where, as `storagePlace` has it: it is made up for there and nowhere else, as soon as the destination leads there. Null:
   * written before that was stored, taken to be where the destination leads.
   */
  readonly storage: string | null;
  readonly key: string;
  readonly at: EpochMs;
}

interface StoredCapabilities extends KnownCapabilities {
  /** The place that was looked at: another one is another service. */
  readonly place: string;
}

const capabilitiesName = (destination: string): string => `capabilities:${destination}`;
const intentName = (destination: string): string => `capabilities-probes:${destination}`;

type Settings = Pick<SettingsRepo, 'get' | 'set'>;

/** What is remembered of a destination as long as it is this place. */
export function readCapabilities(settings: Settings, destination: string, place: string): KnownCapabilities {
  const stored = settings.get(capabilitiesName(destination)) as StoredCapabilities | null;
  if (stored?.place !== place) return NOTHING_KNOWN;
  // A newer Longshore may ask for more than an older one found out.
  const { conditions, checksums, versions } = stored.capabilities;
  const capabilities: Capabilities = {
    conditions: { ...UNKNOWN_CAPABILITIES.conditions, ...conditions },
    checksums: { ...UNKNOWN_CAPABILITIES.checksums, ...checksums },
    versions,
  };
  return { checkedAt: stored.checkedAt, denied: stored.denied, leftover: stored.leftover, capabilities };
}

export function storeCapabilities(
  settings: Settings,
  destination: string,
  place: string,
  known: KnownCapabilities,
): void {
  const stored: StoredCapabilities = { ...known, place };
  settings.set(capabilitiesName(destination), stored);
}

/** The one intent that is not made up for at this storage, if there is one. */
export function readIntent(settings: Settings, destination: string, storage: string): ProbeIntent | null {
  return intentsOf(settings, destination).find((intent) => isAt(intent, storage)) ?? null;
}

/** Those at other storages the destination has led to stay as they are. */
export function storeIntent(
  settings: Settings,
  destination: string,
  intent: ProbeIntent & { readonly storage: string },
): void {
  settings.set(intentName(destination), [...elsewhere(settings, destination, intent.storage), intent]);
}

export function forgetIntent(settings: Settings, destination: string, storage: string): void {
  settings.set(intentName(destination), elsewhere(settings, destination, storage));
}

function intentsOf(settings: Settings, destination: string): readonly ProbeIntent[] {
  return (settings.get(intentName(destination)) as readonly ProbeIntent[] | null) ?? [];
}

function elsewhere(settings: Settings, destination: string, storage: string): readonly ProbeIntent[] {
  return intentsOf(settings, destination).filter((intent) => !isAt(intent, storage));
}

function isAt(intent: ProbeIntent, storage: string): boolean {
  return intent.storage === null || intent.storage === storage;
}
