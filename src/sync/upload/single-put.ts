import { checksumOf } from '../../core/checksum.ts';
import type { Checksum, ObjectAttributes, WriteCondition, WriteReply } from '../../core/ports.ts';
import { writeUnder } from '../capabilities/conditional-write.ts';
import type { UploadRun, Written } from './upload-context.ts';

/** From here on a file takes time and memory like a part of a large one: it leaves permits to smaller ones. */
const BULK_BYTES = 2 ** 20;
/** Up to here a file is read before it has its turn to be sent: so it is on the line the moment there is room. */
const WHOLE_BYTES = 64 * 1024;
/** A file that waited longer for its turn is looked at once more before it goes, ms. */
const FRESH_MS = 250;

/** Whether a file of this size is read in one go, and need not be opened for it. */
function readsWhole(sizeBytes: number): boolean {
  return sizeBytes <= WHOLE_BYTES;
}

/**
 * Sends a small file as one PUT. The file is read whole, checked to be one state, and only then sent. Null when the look that
 * stands in for a condition finds that it does not hold.
 */
export async function singlePut(
  run: UploadRun,
  object: ObjectAttributes,
  condition: WriteCondition,
): Promise<Written | null> {
  const { deps, source, target, attempt } = run;
  if (!readsWhole(source.sizeBytes)) {
    return inTurn(run, async () => {
      const buffer = deps.buffers.take(source.sizeBytes);
      await source.readInPlace(buffer);
      const written = await send(run, object, buffer, await checksumOf(target.checksumAlgorithm, buffer), condition);
      deps.buffers.give(buffer);
      return written;
    });
  }
  if (target.store.sender?.isReady() === true) return inSharedTurn(run, object, condition);
  const { bytes, checksum } = await source.readWhole(target.checksumAlgorithm, attempt.signal);
  const readAtMs = deps.clock.monotonicMs();
  return inTurn(run, async () => {
    if (deps.clock.monotonicMs() - readAtMs > FRESH_MS) await source.checkInPlace();
    return send(run, object, bytes, checksum, condition);
  });
}

/** Where the service has to be asked before the write, each file has a turn of its own: a question is no part of a chain. */
async function inSharedTurn(
  run: UploadRun,
  object: ObjectAttributes,
  condition: WriteCondition,
): Promise<Written | null> {
  const { operation, target, attempt } = run;
  const { transfers } = target;
  if (transfers.share === undefined || !target.honours(`put-${condition.kind}`))
    return inTurn(run, () => sendFile(run, object, condition));
  const claim = { group: operation.lane, owner: operation.id, bulk: false };
  const { chain, release } = await transfers.share(attempt.signal, claim);
  try {
    return await sendFile(run, object, condition, chain);
  } finally {
    release();
  }
}

/** Read and sent in one go beside the engine's thread; here, where that fell through. */
async function sendFile(
  run: UploadRun,
  object: ObjectAttributes,
  condition: WriteCondition,
  chain?: number,
): Promise<Written | null> {
  const { source, target, attempt } = run;
  const { sender } = target.store;
  const wanted = source.wanted(target.checksumAlgorithm);
  const sent = await writeUnder(
    target,
    'put',
    object.key,
    condition,
    attempt.signal,
    async (given) => (await sender?.send(object, wanted, given, attempt.signal, chain)) ?? 'handed-back',
  );
  if (sent === null) return null;
  if (sent !== 'handed-back') return { reply: sent.reply, checksum: sent.checksum, partSizeBytes: null };
  // It may have gone all the same. Where a look stands in for the condition, it looks anew.
  const { bytes, checksum } = await source.readWhole(target.checksumAlgorithm, attempt.signal);
  return send(run, object, bytes, checksum, condition);
}

/** Under a permit of the destination, which is given back however it ends. */
async function inTurn<T>({ operation, source, target, attempt }: UploadRun, work: () => Promise<T>): Promise<T> {
  const bulk = source.sizeBytes > BULK_BYTES;
  const claim = { group: operation.lane, owner: operation.id, bulk, paced: bulk };
  const release = await target.transfers.acquire(attempt.signal, claim);
  try {
    return await work();
  } finally {
    release();
  }
}

async function send(
  run: UploadRun,
  object: ObjectAttributes,
  body: Uint8Array,
  checksum: Checksum,
  condition: WriteCondition,
): Promise<Written | null> {
  const { target, attempt } = run;
  const reply = await writeUnder(target, 'put', object.key, condition, attempt.signal, (given) =>
    put(run, object, body, checksum, given),
  );
  return reply === null ? null : { reply, checksum, partSizeBytes: null };
}

function put(
  { target, attempt }: UploadRun,
  object: ObjectAttributes,
  body: Uint8Array,
  checksum: Checksum,
  condition: WriteCondition | null,
): Promise<WriteReply> {
  let sent = 0;
  const onBytes = (bytes: number) => {
    sent += bytes;
    attempt.progress(0, sent);
  };
  return target.store.put(object, body, checksum, condition, onBytes, attempt.signal);
}
