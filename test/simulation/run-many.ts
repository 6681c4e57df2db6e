import { Worker } from 'node:worker_threads';
import type { RunLimits } from './run-limits.ts';
import type { RunResult } from './run-seed.ts';

/** A run to be made. */
export interface RunRequest {
  readonly seed: number;
  readonly limits: RunLimits;
}

/** Real time after which a run is taken to turn in a circle, ms: one takes some 50 ms, and a busy machine gives it few turns. */
const HANG_MS = 120_000;

/** Gives each of `workers` threads a run whenever it is done with one, until `next` has none; resolves when all are done. */
export async function runMany(
  workers: number,
  next: () => RunRequest | null,
  take: (result: RunResult) => void,
): Promise<void> {
  const thread = async () => {
    let worker = new OneWorker();
    for (let request = next(); request !== null; request = next()) {
      const result = await worker.run(request);
      take(result ?? hung(request));
      if (result !== null) continue;
      await worker.end();
      worker = new OneWorker();
    }
    await worker.end();
  };
  await Promise.all(Array.from({ length: workers }, thread));
}

class OneWorker {
  readonly #worker = new Worker(new URL('./simulation-worker.ts', import.meta.url));

  /** Null when it hangs. Rejects when the thread dies. */
  run(request: RunRequest): Promise<RunResult | null> {
    return new Promise((resolve, reject) => {
      const ended = (code: number) => {
        reject(new Error(`a worker ended with ${code} at seed ${request.seed}`));
      };
      const settle = (result: RunResult | null) => {
        clearTimeout(timer);
        this.#worker.off('message', settle).off('error', reject).off('exit', ended);
        resolve(result);
      };
      const timer = setTimeout(settle, HANG_MS, null);
      this.#worker.on('message', settle);
      this.#worker.on('error', reject);
      this.#worker.on('exit', ended);
      this.#worker.postMessage(request, []);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

function hung({ seed, limits }: RunRequest): RunResult {
  const text = `the run did not end within ${HANG_MS / 1000} s of real time: something turns in a circle`;
  return {
    seed,
    limits,
    actions: 0,
    changes: [],
    steps: 0,
    crashes: 0,
    faults: 0,
    violations: [{ promise: 'bug', text, atMs: 0 }],
    coverage: [],
    trace: null,
  };
}
