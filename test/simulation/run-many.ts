import { Worker } from 'node:worker_threads';
import type { RunResult } from './run-seed.ts';

/** Gives each of `workers` threads a seed whenever it is done with one, until `next` has none; resolves when all are done. */
export async function runMany(
  workers: number,
  next: () => number | null,
  take: (result: RunResult) => void,
): Promise<void> {
  const run = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL('./simulation-worker.ts', import.meta.url));
      const ended = (code: number) => {
        reject(new Error(`a worker ended with ${code}`));
      };
      const feed = () => {
        const seed = next();
        if (seed === null) {
          worker.off('exit', ended);
          worker.terminate().then(() => resolve(), reject);
        } else worker.postMessage(seed, []);
      };
      worker.on('message', (result: RunResult) => {
        take(result);
        feed();
      });
      worker.on('error', reject);
      worker.on('exit', ended);
      feed();
    });
  await Promise.all(Array.from({ length: workers }, run));
}
