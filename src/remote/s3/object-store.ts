import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { Checksum, Clock, ObjectStore, OnBytes, WriteCondition } from '../../core/ports.ts';
import { classifyS3, UnusableReply } from './classify-s3.ts';
import { createClient } from './client.ts';
import { newExchange } from './exchange.ts';
import { collectParts, collectUploads } from './list-pages.ts';
import { AMAZON_DIALECT, DEFAULT_S3_LIMITS, type S3Options } from './options.ts';
import { bareEtag, CHECKSUM_FIELD, partChecksum, remoteObject, requireEtag, writeReply } from './replies.ts';
import { untilAborted } from './until-aborted.ts';
import { presignedViewUrl, publicViewUrl } from './view-url.ts';
import type { TransportOptions } from './transport.ts';

const NOTHING_COUNTED: OnBytes = () => {};

/** One bucket through the AWS SDK. Each method tries once; see the port for what it owes. */
export function createObjectStore(options: S3Options, clock: Pick<Clock, 'now'>): ObjectStore {
  const limits = { ...DEFAULT_S3_LIMITS, ...options.limits };
  const dialect = options.dialect ?? AMAZON_DIALECT;
  const client = createClient(options, limits);
  const { bucket } = options;

  interface Request {
    readonly subject: string;
    readonly signal: AbortSignal;
    readonly condition?: WriteCondition;
    readonly onBytes?: OnBytes;
    readonly replyTimeoutMs?: number;
  }

  /** Runs one request; every way in which it can go wrong ends as a LongshoreError or as the signal's reason. */
  async function attempt<T>(request: Request, run: (options: TransportOptions) => Promise<T>): Promise<T> {
    const { subject, signal, condition = null } = request;
    const exchange = newExchange(request.onBytes ?? NOTHING_COUNTED, request.replyTimeoutMs ?? limits.replyTimeoutMs);
    signal.throwIfAborted();
    try {
      return await untilAborted(run({ abortSignal: signal, exchange }), signal);
    } catch (error) {
      signal.throwIfAborted();
      throw classifyS3(error, { subject, condition, exchange, now: clock.now() });
    }
  }

  function conditionFields(condition: WriteCondition) {
    if (condition.kind === 'create') return { IfNoneMatch: '*' };
    const etag = bareEtag(condition.etag);
    return { IfMatch: dialect.quotedIfMatch ? `"${etag}"` : etag };
  }

  /** What guards a body on its way. The algorithm stands beside the value: a bare value is stored unchecked by some. */
  function guardFields(body: Uint8Array, checksum: Checksum) {
    return dialect.checksums
      ? { ChecksumAlgorithm: checksum.algorithm, ...checksumField(checksum) }
      : { ContentMD5: createHash('md5').update(body).digest('base64') };
  }

  const store: ObjectStore = {
    async head(key, signal) {
      try {
        return await attempt({ subject: key, signal }, async (transport) =>
          remoteObject(
            await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }), transport),
          ),
        );
      } catch (error) {
        if (!(error instanceof LongshoreError)) throw error;
        const { status } = error.context;
        if (status === 404) return null;
        // A reply to HEAD has no words: the same keys ask for something that answers why.
        if (status !== undefined && status >= 300 && status < 500) await store.probe(signal);
        throw error;
      }
    },

    put: (object, body, checksum, condition, onBytes, signal) =>
      attempt({ subject: object.key, signal, condition, onBytes }, async (transport) =>
        writeReply(
          await client.send(
            new PutObjectCommand({
              Bucket: bucket,
              Key: object.key,
              Body: body,
              ContentLength: body.length,
              ContentType: object.contentType,
              Metadata: { ...object.metadata },
              ...guardFields(body, checksum),
              ...conditionFields(condition),
            }),
            transport,
          ),
        ),
      ),

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
            ...guardFields(body, checksum),
          }),
          transport,
        );
        return { etag: requireEtag(reply.ETag), checksum: partChecksum(reply) };
      }),

    listParts: (key, uploadId, signal) =>
      attempt({ subject: key, signal }, (transport) =>
        collectParts((marker) =>
          client.send(new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: uploadId, ...marker }), transport),
        ),
      ),

    completeUpload: (key, uploadId, parts, checksum, condition, signal) =>
      attempt({ subject: key, signal, condition, replyTimeoutMs: limits.completeTimeoutMs }, async (transport) =>
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
              ...conditionFields(condition),
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

    listUploads: (prefix, signal) =>
      attempt({ subject: prefix, signal }, (transport) =>
        collectUploads((marker) =>
          client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...marker }), transport),
        ),
      ),

    // HEAD Bucket has no body, so it can't tell a wrong key from a missing right. This one does, and needs only rights
    // that uploads need as well.
    probe: (signal) =>
      attempt({ subject: bucket, signal }, async (transport) => {
        await client.send(
          new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: options.prefix, MaxUploads: 1 }),
          transport,
        );
      }),

    viewUrl: (key) =>
      options.publicUrl === null
        ? presignedViewUrl(client, bucket, key)
        : Promise.resolve(publicViewUrl(options.publicUrl, bucket, key)),

    close: () => client.destroy(),
  };
  return store;
}

function checksumField(checksum: Checksum) {
  return { [CHECKSUM_FIELD[checksum.algorithm]]: checksum.value };
}
