import type { DestinationConfig } from '../../src/config/config-types.ts';
import type { Clock, StoreSurroundings } from '../../src/core/ports.ts';
import type { Repositories } from '../../src/db/repositories.ts';
import type { Sealer } from '../../src/db/seal.ts';
import type { SyncCore } from '../../src/engine/sync-core.ts';
import type { CorePorts } from '../../src/engine/sync-core-ports.ts';
import type { KeyOf } from '../../src/sync/planned-folder.ts';
import { objectKey, ORIGINAL_NAME } from '../../src/watch/object-key.ts';
import { bucketName } from './machine-config.ts';
import { SimChanges } from './sim-changes.ts';
import { SimFiles } from './sim-files.ts';
import { SimHttp } from './sim-http.ts';
import type { LocalChecks } from './local-checks.ts';
import type { Machine } from './parties.ts';
import type { SeededRandom } from './seeded-random.ts';
import { SimScanner } from './sim-scanner.ts';
import { SimStore, type Road } from './sim-store.ts';
import { SimWatcher } from './sim-watcher.ts';
import type { Life } from './virtual-time.ts';

/** Seals nothing but keeps the purpose with the value: determinism is what matters here. */
export const PLAIN_SEALER: Sealer = {
  seal: (plain, purpose) => Buffer.from(JSON.stringify([purpose, plain])),
  open: (sealed, purpose) => {
    const [was, plain] = JSON.parse(Buffer.from(sealed).toString()) as [string, string];
    if (was !== purpose) throw new Error('sealed for another purpose');
    return plain;
  },
};

/** The machine, as its ports know it. */
interface PortsMachine extends Machine {
  readonly random: SeededRandom;
  readonly local: Pick<LocalChecks, 'changed'>;
  /** Null while none runs. */
  readonly engine: { readonly core: Pick<SyncCore, 'folder'> } | null;
  road(service: string): Road;
}

/** The ports of an engine for one life on this machine: its simulated disk, and its ways to the services. */
export function simPorts(machine: PortsMachine, life: Life, repos: Repositories, clock: Clock): CorePorts {
  const { time, disk, random, world } = machine;
  const onMissed = (root: string) => checkMissed(machine, root);
  const local = { disk, time, life, random, faults: world.faults, scanned: new Map<string, number>(), onMissed };
  return {
    repos,
    sealer: PLAIN_SEALER,
    clock,
    random,
    dataDir: '/data',
    files: new SimFiles(local),
    changes: new SimChanges({
      ...local,
      onChange: (change) => {
        machine.local.changed(change);
      },
    }),
    scanner: new SimScanner(local),
    watcher: new SimWatcher(local),
    http: httpOf(machine, life),
    openStore: (destination, surroundings, serviceClock) =>
      storeOf(machine, destination, life, surroundings, serviceClock),
    keyOf,
    contentTypeOf: () => 'application/octet-stream',
    env: {},
  };
}

/** P2: the watcher of this root has told of an overflow, and nobody has looked since. */
function checkMissed({ configuration, engine, world }: PortsMachine, root: string): void {
  const folder = configuration.everyFolder.find(({ path }) => path === root);
  const sync = folder === undefined ? null : (engine?.core.folder(folder.name) ?? null);
  // A frozen folder is looked at whole once it is well again.
  const resting = sync === null || sync.state().frozen !== null;
  if (!resting) world.violations.add('P2', `no full scan of ${root} within 30 s of an overflow`);
}

function httpOf(machine: PortsMachine, life: Life): SimHttp {
  const places = [...machine.world.services].map(
    ([name, service]) => [`https://${name}.api.sim`, { service, road: machine.road(name) }] as const,
  );
  return new SimHttp(new Map(places), life);
}

function storeOf(
  machine: PortsMachine,
  destination: DestinationConfig,
  life: Life,
  surroundings: StoreSurroundings,
  clock: Pick<Clock, 'now'>,
): SimStore {
  const { world, time } = machine;
  const { name } = destination;
  const bucket = world.bucket(bucketName(destination), name);
  return new SimStore({
    name,
    road: machine.road(name),
    bucket,
    life,
    race: (key) => {
      world.race(bucket, key);
    },
    skewMs: () => clock.now() - time.trueNow(),
    trueNow: () => time.trueNow(),
    writer: machine.name,
    surroundings,
  });
}

const keyOf: KeyOf = (prefix, path) => {
  const key = objectKey(prefix, path);
  return key.ok ? { ok: true, key: key.key, originalName: key.metadata[ORIGINAL_NAME] ?? null } : key;
};
