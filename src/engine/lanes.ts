import type { DestinationConfig, LongshoreConfig, RetryConfig } from '../config/config-types.ts';
import { isLoopbackHost } from '../config/endpoint.ts';
import type { Gate } from '../core/operation.ts';
import type { StoredOperation } from '../db/stored-operation.ts';
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from '../resilience/retry-policy.ts';
import type { LaneInfo } from '../sync/gate-keeper.ts';

/** Operations of one lane at once where nothing is configured: enough to hide latency, few enough for small servers. */
const AUTO_CONCURRENCY = 8;
/** Parts of one file at once where nothing is configured. */
const AUTO_PART_CONCURRENCY = 4;

/** What the configuration says of lanes: their service, budgets and retry rules. A pure view of one configuration. */
export class Lanes {
  readonly #config: LongshoreConfig;
  readonly #folderGate: (folder: string) => Gate | null;

  /** `folderGate` tells why a configured folder can't work now, e.g. frozen. */
  constructor(config: LongshoreConfig, folderGate: (folder: string) => Gate | null) {
    this.#config = config;
    this.#folderGate = folderGate;
  }

  info(lane: string): LaneInfo {
    const [kind, name] = splitLane(lane);
    switch (kind) {
      case 'folder': {
        const folder = this.#config.folders.find((candidate) => candidate.name === name);
        const destination = folder === undefined ? undefined : this.#config.destinations[folder.destination];
        const pauseScopes = ['all', lane];
        if (folder === undefined || destination === undefined) {
          return { lane, service: `dest:${name}`, pauseScopes, loopback: false, gate: 'not-configured' };
        }
        const gate = folder.paused ? 'paused' : this.#folderGate(name);
        return {
          lane,
          service: destinationService(destination.name),
          pauseScopes,
          loopback: isLoopback(destination.endpoint),
          gate,
        };
      }
      case 'provider': {
        const provider = this.#config.providers[name];
        const gate = provider === undefined ? 'not-configured' : null;
        return {
          lane,
          service: lane,
          pauseScopes: ['all', lane],
          loopback: provider !== undefined && isLoopback(provider.baseUrl),
          gate,
        };
      }
      default:
        return { lane, service: lane, pauseScopes: ['all'], loopback: isLoopback(name), gate: null };
    }
  }

  concurrency(lane: string): number {
    const [kind, name] = splitLane(lane);
    const folder = kind === 'folder' ? this.#config.folders.find((candidate) => candidate.name === name) : undefined;
    const destination = folder === undefined ? undefined : this.#config.destinations[folder.destination];
    if (destination !== undefined) return this.transfers(destination);
    return numberOr(this.#config.limits.concurrency, AUTO_CONCURRENCY);
  }

  /** PUTs and parts to one destination at once. */
  transfers(destination: DestinationConfig): number {
    return numberOr(destination.limits.concurrency, numberOr(this.#config.limits.concurrency, AUTO_CONCURRENCY));
  }

  partConcurrency(destination: DestinationConfig): number {
    return Math.min(this.transfers(destination), numberOr(destination.limits.partConcurrency, AUTO_PART_CONCURRENCY));
  }

  retryPolicy(operation: StoredOperation): RetryPolicy {
    const destination = operation.destination === null ? undefined : this.#config.destinations[operation.destination];
    const provider = operation.provider === null ? undefined : this.#config.providers[operation.provider];
    const configured: RetryConfig | undefined = destination?.retry ?? provider?.retry;
    return configured ?? DEFAULT_RETRY_POLICY;
  }
}

export function destinationService(destination: string): string {
  return `dest:${destination}`;
}

function splitLane(lane: string): readonly [string, string] {
  const colon = lane.indexOf(':');
  return [lane.slice(0, colon), lane.slice(colon + 1)];
}

function numberOr(value: 'auto' | number, otherwise: number): number {
  return value === 'auto' ? otherwise : value;
}

/** An address on this machine works without any network. */
export function isLoopback(url: string): boolean {
  return URL.canParse(url) && isLoopbackHost(new URL(url).hostname);
}
