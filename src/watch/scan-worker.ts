/** The thread that scans. It walks with synchronous calls, so nothing else may live in it. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import type { ScanSummary } from '../core/ports.ts';
import type { DirectoryListing } from './directory-listing.ts';
import {
  ABORT,
  BATCH_DIRECTORIES,
  BATCH_ENTRIES,
  BATCHES_IN_FLIGHT,
  packBatch,
  type ScanOrder,
  type ScanReport,
  STEPS,
  TAKEN,
} from './scan-messages.ts';
import { scanTree } from './scan-tree.ts';

/** How long the thread sleeps at most before it looks again whether it was told to stop. */
const WAIT_MS = 1000;

assert(parentPort !== null, 'the scan worker runs in a thread');
const port = parentPort;
const report = (message: ScanReport, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, transfer);

class Aborted extends Error {}

port.on('message', (order: ScanOrder) => {
  try {
    report({ kind: 'done', summary: scan(order) });
  } catch (error) {
    if (error instanceof Aborted) report({ kind: 'aborted' });
    else report({ kind: 'broken', detail: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});

function scan({ request, control }: ScanOrder): ScanSummary {
  const cpuAtStart = cpuMs();
  const goOn = () => {
    Atomics.add(control, STEPS, 1);
    if (Atomics.load(control, ABORT) !== 0) throw new Aborted();
  };
  let sent = 0;
  let listings: DirectoryListing[] = [];
  let entries = 0;
  const send = () => {
    if (listings.length === 0) return;
    const batch = packBatch(listings);
    listings = [];
    waitForRoom(control, sent, goOn);
    report({ kind: 'batch', batch }, [batch.numbers.buffer]);
    sent += 1;
    entries = 0;
  };
  const walk = scanTree(request, goOn);
  for (;;) {
    const step = walk.next();
    if (step.done === true) {
      send();
      return { ...step.value, cpuMs: cpuMs() - cpuAtStart };
    }
    listings.push(step.value);
    entries += step.value.files.names.length + step.value.subdirectories.length + step.value.problems.length;
    if (entries >= BATCH_ENTRIES || listings.length >= BATCH_DIRECTORIES) send();
  }
}

/** Sleeps until fewer than BATCHES_IN_FLIGHT batches wait to be taken. */
function waitForRoom(control: Int32Array, sent: number, goOn: () => void): void {
  for (;;) {
    goOn();
    const taken = Atomics.load(control, TAKEN);
    if (sent - taken < BATCHES_IN_FLIGHT) return;
    Atomics.wait(control, TAKEN, taken, WAIT_MS);
  }
}

/** CPU time of this thread; where the runtime can't tell (Node before 23.9), the time that passed. */
function cpuMs(): number {
  const ask = (process as Partial<Pick<NodeJS.Process, 'threadCpuUsage'>>).threadCpuUsage;
  if (ask === undefined) return performance.now();
  const { user, system } = ask.call(process);
  return (user + system) / 1000;
}
