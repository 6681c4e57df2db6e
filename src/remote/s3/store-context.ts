import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Checksum, WriteCondition } from '../../core/ports.ts';
import type { Attempt } from './attempt.ts';
import type { S3Dialect, S3Limits } from './options.ts';
import { bareEtag, CHECKSUM_FIELD } from './replies.ts';

/** What the calls of one store share. */
export interface StoreContext {
  readonly client: S3Client;
  readonly bucket: string;
  readonly limits: S3Limits;
  readonly dialect: S3Dialect;
  readonly attempt: Attempt;
}

/** An ETag as the service wants it in a condition. */
export function conditionTag(dialect: S3Dialect, etag: string): string {
  return dialect.quotedIfMatch ? `"${bareEtag(etag)}"` : bareEtag(etag);
}

/** For the request that has it: what a refusal of it means. */
export function conditionOf(condition: WriteCondition | null): { readonly condition?: WriteCondition['kind'] } {
  return condition === null ? {} : { condition: condition.kind };
}

export function conditionFields(dialect: S3Dialect, condition: WriteCondition | null) {
  if (condition === null) return {};
  return condition.kind === 'create' ? { IfNoneMatch: '*' } : { IfMatch: conditionTag(dialect, condition.etag) };
}

export function checksumField(checksum: Checksum | null) {
  return checksum === null ? {} : { [CHECKSUM_FIELD[checksum.algorithm]]: checksum.value };
}

/** What guards a body on its way. The algorithm stands beside the value: a bare value is stored unchecked by some. */
export function guardFields(dialect: S3Dialect, body: Uint8Array, checksum: Checksum) {
  return dialect.checksums
    ? { ChecksumAlgorithm: checksum.algorithm, ...checksumField(checksum) }
    : { ContentMD5: contentMd5(body) };
}

export function contentMd5(body: Uint8Array): string {
  return createHash('md5').update(body).digest('base64');
}
