import { startServer } from '../servers/server-process.ts';
import type { BenchContext } from '../support/bench-context.ts';
import { Installation } from '../support/engine.ts';
import type { Figure } from '../support/figure.ts';
import { makeTree } from '../support/file-trees.ts';

const FILE_BYTES = 16;
/** What the product promises, ms. */
const PROMISED_MS = 5000;

/** Many files dropped at once into a watched folder, while the engine is busy with the first of them: when is the last found? */
export async function burst(context: BenchContext): Promise<readonly Figure[]> {
  const { workspace, sizes, runs } = context;
  const { burstFiles: count } = sizes;
  const found: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const server = await startServer('sink', workspace);
    const folder = workspace.directory('burst');
    const installation = new Installation({ context, folder, endpoint: server.endpoint, concurrency: 32 });
    const engine = await installation.start();
    await engine.settled();
    makeTree(folder, count, FILE_BYTES);
    const writtenAt = performance.now();
    await engine.knows(count);
    found.push(performance.now() - writtenAt);
    context.say(`run ${run}: all found ${found.at(-1)?.toFixed(0)} ms after the last write`);
    await engine.stop();
    await server.close();
    installation.remove();
    workspace.remove(folder);
  }
  const what = `${count.toLocaleString('en')} files dropped at once: all found after the last write`;
  const peer = { name: 'promise', samples: [PROMISED_MS] };
  return [{ id: 'burst.found', what, unit: 'ms', better: 'less', ours: found, peer }];
}
