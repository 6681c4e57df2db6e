import { describe } from 'vitest';
import { describeObjectStoreConformance } from '../support/object-store-conformance.ts';
import { describeScannerConformance } from '../support/scanner-conformance.ts';
import { Bucket } from './bucket.ts';
import { Coverage } from './coverage.ts';
import { FaultPlan } from './faults.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimDisk } from './sim-disk.ts';
import { SimFiles } from './sim-files.ts';
import { SimScanner } from './sim-scanner.ts';
import { SimStore } from './sim-store.ts';
import { VirtualTime } from './virtual-time.ts';
import { Wire } from './wire.ts';

/** Time that runs by itself, and nothing that goes wrong. */
function calm() {
  const random = new SeededRandom(1);
  const time = new VirtualTime(random.fork(), (error) => {
    throw error;
  });
  time.runByItself();
  const faults = new FaultPlan(random.fork(), new Coverage());
  faults.on = false;
  return { random, time, faults, life: { alive: true } };
}

describeScannerConformance('the simulated disk', () => {
  const { random, time, faults, life } = calm();
  const disk = new SimDisk(time);
  const root = '/home/root';
  disk.mkdir(root, 7);
  // Writes of a test come at once; each needs a time of its own, as on a disk.
  const later = () => {
    time.jump(10);
  };
  const local = { disk, time, life, random, faults };
  return {
    root,
    scanner: new SimScanner(local),
    files: new SimFiles(local),
    write: (path, content) => {
      later();
      disk.write(`${root}/${path}`, Buffer.from(content));
    },
    mkdir: (path) => {
      disk.mkdir(`${root}/${path}`);
    },
    remove: (path) => {
      disk.remove(`${root}/${path}`);
    },
    rename: (from, to) => {
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
});

describe.each(['same', 'gone'] as const)('repeated Complete: %s', (repeatedComplete) => {
  describeObjectStoreConformance('the simulated bucket', () => {
    const { random, time, faults, life } = calm();
    const bucket = new Bucket('main', () => time.trueNow(), {
      repeatedComplete,
      reportsChecksums: true,
      etagIsMd5: true,
    });
    const road = { wire: new Wire(time, random), faults, random, reachable: true };
    const store = new SimStore({
      name: 'main',
      road,
      bucket,
      life,
      race: () => undefined,
      skewMs: () => time.skewMs,
    });
    return Promise.resolve({ store, partSizeBytes: 64, close: () => Promise.resolve() });
  });
});
