/** A watch thread that leaves its number beside each folder that it is to watch. */
import { writeFileSync } from 'node:fs';
import { parentPort, threadId } from 'node:worker_threads';
import type { WatchNote } from '../../src/watch/watch-messages.ts';

await import('./stalling-watch-worker.ts');
parentPort?.on('message', (note: WatchNote) => {
  if (note.kind === 'start') writeFileSync(`${note.order.root}.thread`, String(threadId));
});
