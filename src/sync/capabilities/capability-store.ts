import type { EpochMs } from '../../core/ports.ts';
import type { SettingsRepo } from '../../db/settings-repo.ts';
import { NOTHING_KNOWN, UNKNOWN_CAPABILITIES, type Capabilities, type KnownCapabilities } from './capabilities.ts';

/** What a probe is about to write: stored before its first request, so that a crash leaves nothing behind (P7). */
export interface ProbeIntent {
  readonly key: string;
  readonly at: EpochMs;
}

interface StoredCapabilities extends KnownCapabilities {
  /** The place that was looked at: another one is another service. */
  readonly place: string;
}

const capabilitiesName = (destination: string): string => `capabilities:${destination}`;
const intentName = (destination: string): string => `capabilities-probe:${destination}`;

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

export function readIntent(settings: Settings, destination: string): ProbeIntent | null {
  return settings.get(intentName(destination)) as ProbeIntent | null;
}

export function storeIntent(settings: Settings, destination: string, intent: ProbeIntent | null): void {
  settings.set(intentName(destination), intent);
}
