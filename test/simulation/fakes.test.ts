import { describe } from 'vitest';
import { describeLocalChangesConformance } from '../support/local-changes-conformance.ts';
import { describeObjectStoreConformance } from '../support/object-store-conformance.ts';
import { describeScannerConformance } from '../support/scanner-conformance.ts';
import { CONDITIONAL_WRITES } from '../../src/sync/capabilities/capabilities.ts';
import { Bucket } from './bucket.ts';
import { Coverage } from './coverage.ts';
import { FaultPlan } from './faults.ts';
import { Limits } from './run-limits.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimChanges } from './sim-changes.ts';
import { SimDisk } from './sim-disk.ts';
import { SimFiles } from './sim-files.ts';
import { SimScanner } from './sim-scanner.ts';
import { SimStore } from './sim-store.ts';
import { MachineTime } from './machine-time.ts';
import { VirtualTime } from './virtual-time.ts';
import { Wire } from './wire.ts';

/** Time that runs by itself, and nothing that goes wrong. */
function calm() {
  const random = new SeededRandom(1);
  const time = new VirtualTime(random.fork(), (error) => {
    throw error;
  });
  time.runByItself();
  const faults = new FaultPlan(random.fork(), new Coverage(), new Limits({}));
  faults.on = false;
  return { random, world: time, time: new MachineTime(time), faults, life: { alive: true } };
}

/** A folder of the simulated disk, seen through its ports. */
function simulatedDisk() {
  const { random, time, faults, life } = calm();
  const disk = new SimDisk(time);
  const root = '/home/root';
  disk.mkdir(root, 7);
  // Writes of a test come at once; each needs a time of its own, as on a disk.
  const later = () => {
    time.jump(10);
  };
  const local = { disk, time, life, random, faults, scanned: new Map(), onMissed: () => undefined };
  return {
    root,
    archive: '/archive',
    scanner: new SimScanner(local),
    files: new SimFiles(local),
    changes: new SimChanges({ ...local, onChange: () => undefined }),
    write: (path: string, content: string | Uint8Array) => {
      later();
      disk.write(`${root}/${path}`, Buffer.from(content));
    },
    mkdir: (path: string) => {
      disk.mkdir(`${root}/${path}`);
    },
    remove: (path: string) => {
      disk.remove(`${root}/${path}`);
    },
    rename: (from: string, to: string) => {
      later();
      disk.rename(`${root}/${from}`, `${root}/${to}`);
    },
    removeRoot: () => {
      disk.remove(root);
    },
    close: () => {
      life.alive = false;
    },
  };
}

describeScannerConformance('the simulated disk', simulatedDisk);
describeLocalChangesConformance('the simulated disk', simulatedDisk);

describe.each(['same', 'gone'] as const)('repeated Complete: %s', (repeatedComplete) => {
  describeObjectStoreConformance('the simulated bucket', () => {
    const { random, world, time, faults, life } = calm();
    const bucket = new Bucket('main', () => time.trueNow(), {
      repeatedComplete,
      reportsChecksums: true,
      etagIsMd5: true,
      versioned: false,
      honours: new Set(CONDITIONAL_WRITES),
    });
    const road = { wire: new Wire(world, random), faults, random, reachable: true };
    const store = new SimStore({
      name: 'main',
      road,
      bucket,
      life,
      race: () => undefined,
      skewMs: () => time.skewMs,
      trueNow: () => time.trueNow(),
      writer: 'ours',
      surroundings: { throttle: { take: () => null }, onReply: () => undefined },
    });
    return Promise.resolve({ store, partSizeBytes: 64, close: () => Promise.resolve() });
  });
});
