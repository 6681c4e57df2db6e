/** A scan thread that ends in the middle of its scan; the scan of a root that holds no "die" is a real one. */
import { existsSync, readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { ScanOrder } from '../../src/watch/scan-messages.ts';

parentPort?.on('message', ({ request }: ScanOrder) => {
  if (existsSync(`${request.root}/die`)) process.exit(7);
  // As a thread does that waits for a dead network drive: deaf to everything but its end.
  if (existsSync(`${request.root}/hang`)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  // In a call of the system, until the pipe's other end is closed.
  if (existsSync(`${request.root}/pipe`)) readFileSync(`${request.root}/pipe`);
});
await import('../../src/watch/scan-worker.ts');
