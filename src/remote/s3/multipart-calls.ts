import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { ObjectStore } from '../../core/ports.ts';
import { UnusableReply } from './classify-s3.ts';
import { collectParts, collectUploads } from './list-pages.ts';
import { bareEtag, writeReply } from './replies.ts';
import { checksumField, conditionFields, conditionOf, type StoreContext } from './store-context.ts';

type MultipartCalls = Pick<
  ObjectStore,
  'createUpload' | 'listParts' | 'completeUpload' | 'abortUpload' | 'listUploads' | 'probe'
>;

/** Multipart uploads but for the sending of parts. */
export function multipartCalls(context: StoreContext, prefix: string): MultipartCalls {
  const { client, bucket, limits, dialect, attempt } = context;
  return {
    createUpload: (object, algorithm, signal) =>
      attempt({ subject: object.key, signal }, async (transport) => {
        const { UploadId } = await client.send(
          new CreateMultipartUploadCommand({
            Bucket: bucket,
            Key: object.key,
            ContentType: object.contentType,
            Metadata: { ...object.metadata },
            ...(dialect.checksums ? { ChecksumAlgorithm: algorithm, ChecksumType: 'FULL_OBJECT' } : {}),
          }),
          transport,
        );
        if (UploadId === undefined || UploadId === '') throw new UnusableReply('the reply has no upload id');
        return { uploadId: UploadId };
      }),

    listParts: (key, uploadId, signal) =>
      attempt({ subject: key, signal }, (transport) =>
        collectParts((marker) =>
          client.send(new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: uploadId, ...marker }), transport),
        ),
      ),

    completeUpload: (key, uploadId, parts, checksum, condition, signal) =>
      attempt(
        { subject: key, signal, ...conditionOf(condition), replyTimeoutMs: limits.completeTimeoutMs },
        async (transport) =>
          writeReply(
            await client.send(
              new CompleteMultipartUploadCommand({
                Bucket: bucket,
                Key: key,
                UploadId: uploadId,
                MultipartUpload: {
                  Parts: parts.map((part) => ({
                    PartNumber: part.number,
                    ETag: `"${bareEtag(part.etag)}"`,
                    ...(dialect.checksums ? checksumField(part.checksum) : {}),
                  })),
                },
                ...(dialect.checksums ? { ChecksumType: 'FULL_OBJECT', ...checksumField(checksum) } : {}),
                ...conditionFields(dialect, condition),
              }),
              transport,
            ),
          ),
      ),

    async abortUpload(key, uploadId, signal) {
      try {
        await attempt({ subject: key, signal }, (transport) =>
          client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }), transport),
        );
      } catch (error) {
        // Not when the bucket is gone: its name may be wrong, and the upload still be open in the right one.
        const gone =
          error instanceof LongshoreError && error.context.status === 404 && error.code !== 's3.no-such-bucket';
        if (!gone) throw error;
      }
    },

    listUploads: (startsWith, signal) =>
      attempt({ subject: startsWith, signal }, (transport) =>
        collectUploads((marker) =>
          client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: startsWith, ...marker }), transport),
        ),
      ),

    // HEAD Bucket has no body, so it can't tell a wrong key from a missing right. This one does, and needs only rights
    // that uploads need as well.
    probe: (signal) =>
      attempt({ subject: bucket, signal }, async (transport) => {
        await client.send(
          new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, MaxUploads: 1 }),
          transport,
        );
      }),
  };
}
