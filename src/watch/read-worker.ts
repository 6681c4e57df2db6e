/** The thread that reads small files. It reads with synchronous calls, so nothing else may live in it. */
import { parentPort } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { checksumOf } from '../core/checksum.ts';
import { classifyFs } from './classify-fs.ts';
import type { ReadAnswer, ReadOrder, ReadResult } from './read-messages.ts';
import { readNow } from './read-now.ts';

/** What was read is handed over after so many files or bytes, so that it is on its way while the next are read. */
const ANSWER_FILES = 16;
const ANSWER_BYTES = 256 * 1024;

assert(parentPort !== null, 'the read worker runs in a thread');
const port = parentPort;
const answer = (message: ReadAnswer, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, transfer);

port.on('message', (order: ReadOrder) => void readAll(order));
answer({ kind: 'ready' });

async function readAll(order: ReadOrder): Promise<void> {
  for (let at = 0; at < order.length;) {
    let bytes = 0;
    let end = at;
    while (end < order.length && end - at < ANSWER_FILES && bytes < ANSWER_BYTES) {
      bytes += order[end]?.sizeBytes ?? 0;
      end += 1;
    }
    const buffer = new ArrayBuffer(bytes);
    const results: ReadResult[] = [];
    let offset = 0;
    for (const wanted of order.slice(at, end)) {
      results.push(await read(wanted, buffer, offset));
      offset += wanted.sizeBytes;
    }
    answer({ kind: 'read', results, buffer }, [buffer]);
    at = end;
  }
}

/** Awaits nothing but the checksum, which takes no time. */
async function read(wanted: ReadOrder[number], buffer: ArrayBuffer, offset: number): Promise<ReadResult> {
  const { id, path, sizeBytes, algorithm } = wanted;
  try {
    const into = new Uint8Array(buffer, offset, sizeBytes);
    readNow(wanted, into);
    return { id, offset, sizeBytes, checksum: await checksumOf(algorithm, into) };
  } catch (error) {
    const { code, context } = classifyFs(error, path);
    return { id, code, context };
  }
}
