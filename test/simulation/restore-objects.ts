import type { Params } from '../../src/protocol/contract.ts';
import { RpcRefusal } from '../../src/protocol/rpc-errors.ts';
import { isProbe } from './bucket.ts';
import { keyPrefixOf } from './machine-config.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimMachine } from './sim-machine.ts';

/** A person wants objects back in their folder: what is gone there, and older versions. */
export function restoreObjects(machine: SimMachine, random: SeededRandom): void {
  const { config, disk } = machine;
  if (config.folders.length === 0) return;
  const folder = random.pick(config.folders);
  const prefix = keyPrefixOf(config, folder);
  const bucket = machine.bucketOf(folder.destination);
  const keys = [...(bucket?.history.keys() ?? [])].filter((key) => key.startsWith(prefix) && !isProbe(key));
  const here = new Set(disk.files(folder.path).map(({ path }) => prefix + path.normalize('NFC')));
  const gone = keys.filter((key) => !here.has(key) && bucket?.current(key) != null);
  for (let left = random.between(1, 3); left > 0 && keys.length > 0; left -= 1) {
    const key = gone.length > 0 && random.chance(0.6) ? random.pick(gone) : random.pick(keys);
    const old = bucket?.history.get(key)?.filter(({ bytes, versionId }) => bytes !== null && versionId !== null) ?? [];
    const versionId = old.length > 0 && random.chance(0.5) ? random.pick(old).versionId : null;
    restoreOne(machine, { folder: folder.name, key, ...(versionId === null ? {} : { versionId }) });
  }
}

function restoreOne(machine: SimMachine, request: Params<'restore'>): void {
  const { requests, world } = machine;
  machine.ask(async ({ core }) => {
    try {
      await requests.byPerson(() => core.restore(request));
      world.coverage.hit(request.versionId === undefined ? 'restore' : 'restore of a version');
    } catch (error) {
      if (!(error instanceof RpcRefusal)) throw error;
      world.coverage.hit('restore refused');
    }
  });
}
