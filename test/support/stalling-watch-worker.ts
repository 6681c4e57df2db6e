/** A watch thread whose loop stands still for a while when it is told so, as under a burst that it can't keep up with. */
import { parentPort } from 'node:worker_threads';
import type { WatchNote } from '../../src/watch/watch-messages.ts';
import { existsSync, rmSync } from 'node:fs';

const STALL_MS = 1200;

await import('../../src/watch/watch-worker.ts');
parentPort?.on('message', (note: WatchNote) => {
  if (note.kind !== 'start') return;
  const { root } = note.order;
  setInterval(() => {
    if (existsSync(`${root}.die`)) {
      rmSync(`${root}.die`);
      throw new Error('told to die');
    }
    if (!existsSync(`${root}.stall`)) return;
    rmSync(`${root}.stall`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
  }, 20);
});
