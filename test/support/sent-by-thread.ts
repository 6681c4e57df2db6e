import { rmSync, writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileSender, ObjectStore, WantedFile, WriteReply } from '../../src/core/ports.ts';
import { DiskFiles } from '../../src/watch/local-files.ts';
import { until } from './until.ts';

export const SEND_WORKER = new URL('../../src/engine/send-worker.ts', import.meta.url);

/** The sender of a store that was made with a worker, with its thread started, as in a crowd of files. */
export async function warmSender(store: ObjectStore): Promise<FileSender> {
  const { sender } = store;
  if (sender === undefined) throw new Error('the store has no sender');
  await until('the thread is there', () => {
    for (let wish = 0; wish < 16; wish += 1) if (sender.isReady()) return true;
    return false;
  });
  return sender;
}

/** A file as a scan found it. */
export async function wantedAt(path: string): Promise<WantedFile> {
  const stat = await new DiskFiles().stat(path);
  if (stat === null) throw new Error(`${path} is not there`);
  return { path, fingerprint: stat.fingerprint, sizeBytes: stat.sizeBytes, algorithm: 'CRC64NVME' };
}

/** The store, whose `put` goes through a file and the sending thread: so the store's conformance suite holds for that too. */
export function sentByThread(store: ObjectStore): ObjectStore {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-sent-'));
  let made = 0;
  return {
    ...store,
    async put(object, body, checksum, condition, onBytes, signal): Promise<WriteReply> {
      const sender = await warmSender(store);
      made += 1;
      const path = join(folder, String(made));
      writeFileSync(path, body);
      const wanted = { ...(await wantedAt(path)), algorithm: checksum.algorithm };
      const sent = await sender.send(object, wanted, condition, signal);
      if (sent === null) throw new Error('the thread was lost');
      onBytes(body.length);
      return sent.reply;
    },
    close() {
      rmSync(folder, { recursive: true, force: true });
      store.close();
    },
  };
}
