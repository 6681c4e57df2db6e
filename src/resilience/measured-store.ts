import type { ErrorCode } from '../core/error-table.ts';
import { LongshoreError } from '../core/longshore-error.ts';
import type { Clock, FileSender, ObjectStore, OnBytes } from '../core/ports.ts';
import type { TransferSample } from './adapt-concurrency.ts';

/** Hears how transfers of file content ended, and knows how many are under way. */
export interface TransferMeter {
  readonly inUse: number;
  ended(sample: TransferSample): void;
}

/** A store whose PUTs and parts are measured; nothing else of it changes. */
export function measuredStore(store: ObjectStore, meter: TransferMeter, clock: Clock): ObjectStore {
  const measure = async <T>(
    bytes: number,
    onBytes: OnBytes,
    send: (onBytes: OnBytes) => Promise<T>,
    waited?: (reply: T) => number | undefined,
  ): Promise<T> => {
    const startedMs = clock.monotonicMs();
    const inFlight = meter.inUse;
    let lastSentMs = startedMs;
    const end = (outcome: TransferSample['outcome'], waitedMs?: number) => {
      const endedMs = clock.monotonicMs();
      meter.ended({ outcome, startedMs, endedMs, waitedMs: waitedMs ?? endedMs - lastSentMs, bytes, inFlight });
    };
    try {
      const reply = await send((sent) => {
        lastSentMs = clock.monotonicMs();
        onBytes(sent);
      });
      end('ok', waited?.(reply));
      return reply;
    } catch (error) {
      const outcome = error instanceof LongshoreError ? TELLING[error.code] : undefined;
      if (outcome !== undefined) end(outcome);
      throw error;
    }
  };
  const { sender } = store;
  const measuredSender: FileSender | null =
    sender === undefined
      ? null
      : {
          isReady: () => sender.isReady(),
          send: (object, wanted, condition, signal, chain) =>
            measure(
              wanted.sizeBytes,
              () => undefined,
              () => sender.send(object, wanted, condition, signal, chain),
              (sent) => sent?.waitedMs,
            ),
        };
  return {
    ...(measuredSender === null ? {} : { sender: measuredSender }),
    put: (object, body, checksum, condition, onBytes, signal) =>
      measure(body.byteLength, onBytes, (counted) => store.put(object, body, checksum, condition, counted, signal)),
    uploadPart: (key, uploadId, number, body, checksum, onBytes, signal) =>
      measure(body.byteLength, onBytes, (counted) =>
        store.uploadPart(key, uploadId, number, body, checksum, counted, signal),
      ),
    head: (key, signal, versionId) => store.head(key, signal, versionId),
    createUpload: (object, algorithm, signal) => store.createUpload(object, algorithm, signal),
    listParts: (key, uploadId, signal) => store.listParts(key, uploadId, signal),
    completeUpload: (key, uploadId, parts, checksum, condition, signal) =>
      store.completeUpload(key, uploadId, parts, checksum, condition, signal),
    abortUpload: (key, uploadId, signal) => store.abortUpload(key, uploadId, signal),
    listUploads: (prefix, signal) => store.listUploads(prefix, signal),
    copy: (source, object, condition, signal) => store.copy(source, object, condition, signal),
    copyPart: (key, uploadId, number, source, offset, sizeBytes, signal) =>
      store.copyPart(key, uploadId, number, source, offset, sizeBytes, signal),
    remove: (key, etag, signal) => store.remove(key, etag, signal),
    read: (source, offset, onChunk, signal) => store.read(source, offset, onChunk, signal),
    probe: (signal) => store.probe(signal),
    viewUrl: (key) => store.viewUrl(key),
    refreshConnections: () => {
      store.refreshConnections();
    },
    close: () => {
      store.close();
    },
  };
}

/** What failures say about the load; the others say nothing. */
const TELLING: Partial<Record<ErrorCode, TransferSample['outcome']>> = {
  's3.slow-down': 'overloaded',
  'net.timeout': 'timed-out',
  'net.stalled': 'timed-out',
  // A conflict, say: the service answered as fast as it does.
  's3.precondition-failed': 'ok',
};
