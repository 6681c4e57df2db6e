import { existsSync } from 'node:fs';
import type { LongshoreConfig } from '../config/config-types.ts';
import { toLongshoreError } from '../core/longshore-error.ts';
import { openInMemory, openReadable } from '../db/connection.ts';
import { openRepositories } from '../db/repositories.ts';
import { DATA_KEY_BYTES, DataKeySealer } from '../db/seal.ts';
import { openStore } from './core-ports.ts';
import { readDataKey } from './data-key.ts';
import { databaseFile } from './engine.ts';
import { systemClock, systemRandom } from './system-clock.ts';

export interface DestinationProbe {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly hint: string;
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
        const store = openStore(destination, repos);
        try {
          await store.probe(signal);
          return {
            name: destination.name,
            ok: true,
            message: `${destination.endpoint} answers; the bucket "${destination.bucket}" can be used.`,
            hint: '',
          };
        } catch (error) {
          if (signal.aborted)
            return {
              name: destination.name,
              ok: false,
              message: `${destination.endpoint} did not answer in time.`,
              hint: 'Check the network and the endpoint.',
            };
          const failure = toLongshoreError(error);
          const detail = failure.context.detail === undefined ? '' : ` (${failure.context.detail})`;
          return { name: destination.name, ok: false, message: `${failure.message}${detail}`, hint: failure.hint };
        } finally {
          store.close();
        }
      }),
    );
  } finally {
    db.close();
  }
}
