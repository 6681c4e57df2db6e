import { CopyObjectCommand, DeleteObjectCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { ObjectStore, ObjectVersion } from '../../core/ports.ts';
import { UnusableReply } from './classify-s3.ts';
import { bareEtag, partChecksum, requireEtag, writeReply } from './replies.ts';
import { encodeKey, encodeRfc3986 } from './sigv4.ts';
import { conditionFields, conditionTag, type StoreContext } from './store-context.ts';

/** Calls by which the service itself moves or takes away what it has. */
export function copyCalls(context: StoreContext): Pick<ObjectStore, 'copy' | 'copyPart' | 'remove'> {
  const { client, bucket, limits, dialect, attempt } = context;

  /** Exactly this version: `x-amz-copy-source` is a path, and its condition is judged by the service. */
  function sourceFields({ key, etag, versionId }: ObjectVersion, conditional: boolean) {
    const version = versionId === null ? '' : `?versionId=${encodeRfc3986(versionId)}`;
    return {
      CopySource: `${bucket}/${encodeKey(key)}${version}`,
      ...(conditional ? { CopySourceIfMatch: conditionTag(dialect, etag) } : {}),
    };
  }

  return {
    copy: (source, object, condition, signal) =>
      attempt(
        { subject: object.key, signal, condition: 'copy', replyTimeoutMs: limits.completeTimeoutMs },
        async (transport) => {
          const reply = await client.send(
            new CopyObjectCommand({
              Bucket: bucket,
              Key: object.key,
              ...sourceFields(source, condition !== null),
              // Else the copy would carry the id of the operation that wrote the source.
              MetadataDirective: 'REPLACE',
              ContentType: object.contentType,
              Metadata: { ...object.metadata },
              ...(dialect.checksums ? { ChecksumAlgorithm: 'CRC64NVME' } : {}),
              ...conditionFields(dialect, condition),
            }),
            transport,
          );
          // A body without a result is no copy, whatever the status.
          if (reply.CopyObjectResult === undefined) throw new UnusableReply('the reply has no result of the copy');
          return writeReply({ ...reply, ...reply.CopyObjectResult });
        },
      ),

    copyPart: (key, uploadId, number, source, offset, sizeBytes, signal) =>
      attempt(
        { subject: key, signal, condition: 'copy', replyTimeoutMs: limits.completeTimeoutMs },
        async (transport) => {
          const { CopyPartResult: result } = await client.send(
            new UploadPartCopyCommand({
              Bucket: bucket,
              Key: key,
              UploadId: uploadId,
              PartNumber: number,
              CopySourceRange: `bytes=${offset}-${offset + sizeBytes - 1}`,
              ...sourceFields(source, true),
            }),
            transport,
          );
          return { etag: requireEtag(result?.ETag), checksum: result === undefined ? null : partChecksum(result) };
        },
      ),

    async remove(key, etag, signal) {
      try {
        return await attempt({ subject: key, signal, condition: 'delete' }, async (transport) => {
          const reply = await client.send(
            new DeleteObjectCommand({
              Bucket: bucket,
              Key: key,
              ...(etag === null ? {} : { IfMatch: conditionTag(dialect, bareEtag(etag)) }),
            }),
            transport,
          );
          return { versionId: reply.VersionId ?? null };
        });
      } catch (error) {
        // As with uploads: a bucket that is not there may be the wrong one.
        const gone =
          error instanceof LongshoreError && error.context.status === 404 && error.code !== 's3.no-such-bucket';
        if (!gone) throw error;
        return { versionId: null };
      }
    },
  };
}
