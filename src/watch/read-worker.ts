/** The thread that reads small files. It reads with synchronous calls, so nothing else may live in it. */
import { closeSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { checksumOf } from '../core/checksum.ts';
import { makeFingerprint } from '../core/fingerprint.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { WantedFile } from '../core/ports.ts';
import { classifyFs } from './classify-fs.ts';
import { otherKind } from './file-stat.ts';
import { OPEN_FLAGS } from './open-flags.ts';
import type { ReadAnswer, ReadOrder, ReadResult } from './read-messages.ts';

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

function readNow({ path, fingerprint }: WantedFile, into: Uint8Array): void {
  const descriptor = openSync(path, OPEN_FLAGS);
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    if (stats.isDirectory()) throw new LongshoreError('local.vanished', { detail: 'a directory', subject: path });
    if (!stats.isFile()) throw new LongshoreError('local.not-a-file', { detail: otherKind(stats), subject: path });
    const changed = () => new LongshoreError('local.changed', { subject: path });
    if (makeFingerprint(stats) !== fingerprint) throw changed();
    let filled = 0;
    while (filled < into.length) {
      const count = readSync(descriptor, into, filled, into.length - filled, filled);
      if (count === 0) throw changed();
      filled += count;
    }
    if (makeFingerprint(lstatSync(path, { bigint: true })) !== fingerprint) throw changed();
  } finally {
    closeSync(descriptor);
  }
}
