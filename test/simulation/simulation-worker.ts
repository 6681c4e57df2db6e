import { parentPort } from 'node:worker_threads';
import { forgetCombinedSignals } from './forgetful-signals.ts';
import type { RunRequest } from './run-many.ts';
import { runSeed } from './run-seed.ts';

forgetCombinedSignals();

/** Makes the runs that it is given, one after the other. */
parentPort?.on('message', ({ seed, limits }: RunRequest) => {
  void runSeed(seed, false, limits).then((result) => parentPort?.postMessage(result, []));
});
