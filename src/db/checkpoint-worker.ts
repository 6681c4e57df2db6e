/** The thread that copies the write-ahead log into the database: it waits for the disk, so that the engine need not. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { checkpoint, openForCheckpoints } from './connection.ts';
import type { CheckpointOrder } from './checkpoints.ts';

/** While others write, each round leaves what they wrote meanwhile: less and less. */
const ROUNDS = 4;

assert(parentPort !== null, 'the checkpoint worker runs in a thread');
const port = parentPort;

port.on('message', ({ file, restartAbovePages }: CheckpointOrder) => {
  const db = openForCheckpoints(file);
  try {
    let state = checkpoint(db, 'PASSIVE');
    for (let round = 1; round < ROUNDS && state.left > 0; round += 1) state = checkpoint(db, 'PASSIVE');
    // The log begins anew only when nothing is left. A writer that never rests is made to wait for a moment.
    if (state.left > 0 && state.pages > restartAbovePages) checkpoint(db, 'RESTART');
  } finally {
    db.close();
  }
  port.postMessage('done', []);
});
