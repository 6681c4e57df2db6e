/** Watches the directory that is named, with the real watcher, and prints each hint as a line of JSON. Ends with its input. */
import { ThreadWatcher } from '../../src/watch/thread-watcher.ts';
import { systemClock } from './system-clock.ts';

const [root = '', leanAbove = ''] = process.argv.slice(2);
const say = (hint: Readonly<Record<string, string | null>>) => {
  process.stdout.write(`${JSON.stringify(hint)}\n`);
};
const workerUrl = new URL('../../src/watch/watch-worker.ts', import.meta.url);
const watcher = new ThreadWatcher({ workerUrl, clock: systemClock, leanAbove: Number(leanAbove) });
watcher.watch(root, [], {
  onDirty: (dirty) => say({ dirty }),
  onOverflow: (overflow) => say({ overflow }),
  onDegraded: (degraded) => say({ degraded }),
});
process.stdin.resume();
process.stdin.once('end', () => void watcher.close());
