import { GetObjectCommand } from '@aws-sdk/client-s3';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { ObjectStore } from '../../core/ports.ts';
import { UnusableReply } from './classify-s3.ts';
import type { ChunkSink, ReplyHead } from './exchange.ts';
import { bareEtag, requireEtag } from './replies.ts';
import { conditionTag, type StoreContext } from './store-context.ts';

/** Reads one version of an object, as the port has it. */
export function readObject(context: StoreContext): ObjectStore['read'] {
  const { client, bucket, dialect, attempt } = context;
  return async (source, offset, onChunk, signal) => {
    const { key, versionId } = source;
    const etag = bareEtag(source.etag);
    /** The service may ignore what was asked for: neither other bytes nor bytes of another place may get through. */
    const receive = (head: ReplyHead): ChunkSink => {
      if (requireEtag(head.headers['etag']) !== etag) {
        throw new LongshoreError('conflict.changed', { status: head.status, subject: key, sent: false });
      }
      const from = startOf(head);
      if (from > offset) throw new UnusableReply('the reply begins after what was asked for');
      return skipping(offset - from, onChunk);
    };
    try {
      await attempt({ subject: key, signal, condition: 'read', receive }, async (transport) => {
        await client.send(
          new GetObjectCommand({
            Bucket: bucket,
            Key: key,
            IfMatch: conditionTag(dialect, etag),
            ...(versionId === null ? {} : { VersionId: versionId }),
            ...(offset === 0 ? {} : { Range: `bytes=${offset}-` }),
          }),
          transport,
        );
      });
    } catch (error) {
      if (error instanceof LongshoreError && error.context.status === 416 && offset > 0) {
        const { sizeBytes } = await sizeOf(context, source.key, versionId, etag, signal);
        // Nothing is left to read: an earlier attempt had it all.
        if (sizeBytes === offset) return;
      }
      throw error;
    }
  };
}

async function sizeOf(
  { client, bucket, dialect, attempt }: StoreContext,
  key: string,
  versionId: string | null,
  etag: string,
  signal: AbortSignal,
): Promise<{ readonly sizeBytes: number }> {
  return attempt({ subject: key, signal, condition: 'read' }, async (transport) => {
    // The first byte alone: its Content-Range tells the size, and unlike HEAD it has words for a refusal.
    const reply = await client.send(
      new GetObjectCommand({
        Bucket: bucket,
        Key: key,
        IfMatch: conditionTag(dialect, etag),
        ...(versionId === null ? {} : { VersionId: versionId }),
        Range: 'bytes=0-0',
      }),
      transport,
    );
    const size = /\/(\d+)$/.exec(reply.ContentRange ?? '')?.[1];
    return { sizeBytes: size === undefined ? -1 : Number(size) };
  });
}

/** Where in the object the body begins. */
function startOf({ status, headers }: ReplyHead): number {
  if (status !== 206) return 0;
  const start = /^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1];
  if (start === undefined) throw new UnusableReply('the reply does not say which part of the object it is');
  return Number(start);
}

/** Leaves out the first `bytes`, for a service that sent more than was asked for. */
function skipping(bytes: number, onChunk: (chunk: Uint8Array) => Promise<void> | void): ChunkSink {
  let left = bytes;
  return (chunk) => {
    if (left === 0) return onChunk(chunk);
    const skipped = Math.min(left, chunk.length);
    left -= skipped;
    return skipped === chunk.length ? undefined : onChunk(chunk.subarray(skipped));
  };
}
