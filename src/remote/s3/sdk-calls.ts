import { HeadObjectCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import type { ObjectStore } from '../../core/ports.ts';
import { partChecksum, remoteObject, requireEtag, writeReply } from './replies.ts';
import { conditionFields, conditionOf, guardFields, type StoreContext } from './store-context.ts';

export type FrequentCalls = Pick<ObjectStore, 'head' | 'put' | 'uploadPart'>;

/** The frequent calls through the SDK, for buckets that want another signature than the lean path makes. */
export function sdkCalls(context: StoreContext): FrequentCalls {
  const { client, bucket, dialect, attempt } = context;
  return {
    head: (key, signal, versionId) =>
      attempt({ subject: key, signal }, async (transport) =>
        remoteObject(
          await client.send(
            new HeadObjectCommand({
              Bucket: bucket,
              Key: key,
              ChecksumMode: 'ENABLED',
              ...(versionId === undefined ? {} : { VersionId: versionId }),
            }),
            transport,
          ),
        ),
      ),

    put: (object, body, checksum, condition, onBytes, signal) =>
      attempt({ subject: object.key, signal, ...conditionOf(condition), onBytes }, async (transport) =>
        writeReply(
          await client.send(
            new PutObjectCommand({
              Bucket: bucket,
              Key: object.key,
              Body: body,
              ContentLength: body.length,
              ContentType: object.contentType,
              Metadata: { ...object.metadata },
              ...guardFields(dialect, body, checksum),
              ...conditionFields(dialect, condition),
            }),
            transport,
          ),
        ),
      ),

    uploadPart: (key, uploadId, number, body, checksum, onBytes, signal) =>
      attempt({ subject: key, signal, onBytes }, async (transport) => {
        const reply = await client.send(
          new UploadPartCommand({
            Bucket: bucket,
            Key: key,
            UploadId: uploadId,
            PartNumber: number,
            Body: body,
            ContentLength: body.length,
            ...guardFields(dialect, body, checksum),
          }),
          transport,
        );
        return { etag: requireEtag(reply.ETag), checksum: partChecksum(reply) };
      }),
  };
}
