import { existsSync } from 'node:fs';
import type { LongshoreConfig } from '../config/config-types.ts';
import { toLongshoreError } from '../core/longshore-error.ts';
import type { ServiceSign } from '../core/ports.ts';
import { openInMemory, openReadable } from '../db/connection.ts';
import { openRepositories } from '../db/repositories.ts';
import { DATA_KEY_BYTES, DataKeySealer } from '../db/seal.ts';
import { NO_SURROUNDINGS } from '../remote/s3/object-store.ts';
import { SkewMeter } from '../resilience/skew-meter.ts';
import { readCapabilities } from '../sync/capabilities/capability-store.ts';
import { capabilitiesSentence } from './capabilities-view.ts';
import { openStore } from './core-ports.ts';
import { readDataKey } from './data-key.ts';
import { databaseFile } from './engine.ts';
import { placeOf } from './probed-destinations.ts';
import { systemClock, systemRandom } from './system-clock.ts';

export interface DestinationProbe {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly hint: string;
  /** How far its clock is ahead of ours (< 0: behind), ms; null when it did not say. */
  readonly clockSkewMs: number | null;
  /** What the engine found out about conditions and versions; null when it has not yet, or no folder goes there. */
  readonly capabilities: string | null;
}

/** Reaches for each destination, all at once, at most `deadlineMs` in all. Needs no lock. */
export async function probeDestinations(options: {
  readonly config: LongshoreConfig;
  readonly dataDir: string;
  readonly deadlineMs: number;
}): Promise<readonly DestinationProbe[]> {
  const file = databaseFile(options.dataDir);
  const db = existsSync(file) ? openReadable(file) : openInMemory();
  const sealer = readDataKey(options.dataDir) ?? new DataKeySealer(new Uint8Array(DATA_KEY_BYTES));
  const repos = openRepositories(db, systemClock, systemRandom, sealer);
  const signal = AbortSignal.timeout(options.deadlineMs);
  try {
    return await Promise.all(
      Object.values(options.config.destinations).map(async (destination): Promise<DestinationProbe> => {
        const known = readCapabilities(repos.settings, destination.name, placeOf(destination));
        const capabilities = capabilitiesSentence(known);
        const meter = new SkewMeter(systemClock);
        const listening = {
          ...NO_SURROUNDINGS,
          onReply: (sign: ServiceSign) => {
            meter.add(sign);
          },
        };
        const store = openStore(destination, { repos, env: process.env }, listening);
        try {
          await store.probe(signal);
          return {
            name: destination.name,
            ok: true,
            message: `${destination.endpoint} answers; the bucket "${destination.bucket}" can be used.`,
            hint: '',
            clockSkewMs: meter.skewMs(),
            capabilities,
          };
        } catch (error) {
          if (signal.aborted)
            return {
              name: destination.name,
              ok: false,
              message: `${destination.endpoint} did not answer in time.`,
              hint: 'Check the network and the endpoint.',
              clockSkewMs: null,
              capabilities,
            };
          const failure = toLongshoreError(error);
          const detail = failure.context.detail === undefined ? '' : ` (${failure.context.detail})`;
          const message = `${failure.message}${detail}`;
          const clockSkewMs = meter.skewMs();
          return { name: destination.name, ok: false, message, hint: failure.hint, clockSkewMs, capabilities };
        } finally {
          store.close();
        }
      }),
    );
  } finally {
    db.close();
  }
}
