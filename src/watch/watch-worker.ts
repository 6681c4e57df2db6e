/** The thread that watches one folder. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { FolderWatch } from './folder-watch.ts';
import type { WatchNote, WatchReport } from './watch-messages.ts';

assert(parentPort !== null, 'the watch worker runs in a thread');
const port = parentPort;
let folder: FolderWatch | null = null;

port.on('message', (note: WatchNote) => {
  if (note.kind === 'taken') {
    folder?.taken();
  } else {
    assert(folder === null, 'a watch thread watches one folder');
    folder = new FolderWatch(note.order, (report: WatchReport) => port.postMessage(report, []));
    folder.start();
  }
});
