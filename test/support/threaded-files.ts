import { ThreadedFiles } from '../../src/watch/threaded-files.ts';
import { systemClock } from './system-clock.ts';
import { TempTree } from './temp-tree.ts';
import { until } from './until.ts';

const READ_WORKER = new URL('../../src/watch/read-worker.ts', import.meta.url);

/** With its thread started, as after a crowd of files. */
export async function warmedUp(workerUrl: URL = READ_WORKER): Promise<ThreadedFiles> {
  const files = new ThreadedFiles({ workerUrl, clock: systemClock, roots: () => [] });
  const tree = new TempTree();
  tree.write('a', 'a');
  await readMany(files, tree.at('a'), 20);
  await until('the thread is there', () => files.hasThread);
  tree.close();
  return files;
}

/** The same file so many times at once. */
export async function readMany(
  files: ThreadedFiles,
  path: string,
  times: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<PromiseSettledResult<string>[]> {
  const stat = await files.stat(path);
  if (stat === null) throw new Error(`${path} is not there`);
  const wanted = { path, fingerprint: stat.fingerprint, sizeBytes: stat.sizeBytes, algorithm: 'CRC32' } as const;
  return await Promise.allSettled(
    Array.from({ length: times }, async () => Buffer.from((await files.readWhole(wanted, signal)).bytes).toString()),
  );
}
