/** The thread that watches folders of one file system. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { FolderWatch } from './folder-watch.ts';
import type { WatchNews, WatchNote } from './watch-messages.ts';

assert(parentPort !== null, 'the watch worker runs in a thread');
const port = parentPort;
const folders = new Map<number, FolderWatch>();

port.on('message', (note: WatchNote) => {
  const { folder } = note;
  switch (note.kind) {
    case 'start': {
      assert(!folders.has(folder), 'a folder is watched once');
      const watch = new FolderWatch(note.order, (report) =>
        port.postMessage({ folder, report } satisfies WatchNews, []),
      );
      folders.set(folder, watch);
      watch.start();
      break;
    }
    case 'taken':
      folders.get(folder)?.taken();
      break;
    case 'stop':
      folders.get(folder)?.close();
      folders.delete(folder);
      break;
  }
});
