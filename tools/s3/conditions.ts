import type { IncomingHttpHeaders } from 'node:http';
import { currentObject } from './key-record.ts';
import type { KeyRecord, ObjectVersion } from './key-record.ts';
import { header } from './operation.ts';
import { S3Error } from './s3-error.ts';

function failed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { elements: { Condition: condition } });
}

/** Whether one of the listed tags is the object's; quotes are optional, as S3 takes them. */
function tagMatches(list: string, etag: string): boolean {
  return list.split(',').some((tag) => {
    const bare = tag
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
    return bare === '*' || bare === etag;
  });
}

/** Conditions on writing a key (PUT, Copy, Complete). */
export interface WriteCondition {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** @throws S3Error `NotImplemented` for what S3 has no conditional write for. */
export function readWriteCondition(headers: IncomingHttpHeaders): WriteCondition {
  const ifMatch = header(headers, 'if-match');
  const ifNoneMatch = header(headers, 'if-none-match');
  if ((ifNoneMatch !== undefined && ifNoneMatch !== '*') || (ifMatch !== undefined && ifNoneMatch !== undefined)) {
    throw new S3Error('NotImplemented', { elements: { Header: 'If-None-Match' } });
  }
  return { ifMatch, ifNoneMatch };
}

/** @throws S3Error `PreconditionFailed`; `NoSuchKey` for If-Match where there is no object, as S3 does. */
export function assertWriteCondition(condition: WriteCondition, record: KeyRecord | undefined, key: string): void {
  const current = currentObject(record);
  if (condition.ifNoneMatch !== undefined && current !== undefined) throw failed('If-None-Match');
  if (condition.ifMatch === undefined) return;
  if (current === undefined) throw new S3Error('NoSuchKey', { elements: { Key: key } });
  if (!tagMatches(condition.ifMatch, current.etag)) throw failed('If-Match');
}

/**
 * If-Match on DELETE. S3 documents that deleting what is not there succeeds also with a tag; only `*` asks for existence.
 * @throws S3Error `PreconditionFailed`.
 */
export function assertDeleteCondition(headers: IncomingHttpHeaders, target: ObjectVersion | undefined): void {
  const ifMatch = header(headers, 'if-match');
  if (ifMatch === undefined) return;
  if (target === undefined ? ifMatch.trim() === '*' : !tagMatches(ifMatch, target.etag)) throw failed('If-Match');
}

/** HTTP times have whole seconds. */
function seconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}

function timeHeader(headers: IncomingHttpHeaders, name: string): number | undefined {
  const timeMs = Date.parse(header(headers, name) ?? '');
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/**
 * Conditions on reading, with RFC 9110's precedence: a tag condition that is present decides over a time condition.
 * @throws S3Error `PreconditionFailed`, `NotModified`.
 */
export function assertReadCondition(headers: IncomingHttpHeaders, version: ObjectVersion): void {
  const notModified = new S3Error('NotModified', { headers: { etag: `"${version.etag}"` } });
  const modifiedMs = seconds(version.lastModifiedMs);
  const ifMatch = header(headers, 'if-match');
  const unmodifiedSinceMs = timeHeader(headers, 'if-unmodified-since');
  if (ifMatch !== undefined) {
    if (!tagMatches(ifMatch, version.etag)) throw failed('If-Match');
  } else if (unmodifiedSinceMs !== undefined && modifiedMs > unmodifiedSinceMs) throw failed('If-Unmodified-Since');
  const ifNoneMatch = header(headers, 'if-none-match');
  const modifiedSinceMs = timeHeader(headers, 'if-modified-since');
  if (ifNoneMatch !== undefined) {
    if (tagMatches(ifNoneMatch, version.etag)) throw notModified;
  } else if (modifiedSinceMs !== undefined && modifiedMs <= modifiedSinceMs) throw notModified;
}

/** Conditions on the source of a copy. @throws S3Error `PreconditionFailed`. */
export function assertCopySourceCondition(headers: IncomingHttpHeaders, source: ObjectVersion): void {
  const prefix = 'x-amz-copy-source-';
  const ifMatch = header(headers, `${prefix}if-match`);
  const unmodifiedSinceMs = timeHeader(headers, `${prefix}if-unmodified-since`);
  const modifiedMs = seconds(source.lastModifiedMs);
  if (ifMatch !== undefined) {
    if (!tagMatches(ifMatch, source.etag)) throw failed(`${prefix}if-match`);
  } else if (unmodifiedSinceMs !== undefined && modifiedMs > unmodifiedSinceMs) {
    throw failed(`${prefix}if-unmodified-since`);
  }
  const ifNoneMatch = header(headers, `${prefix}if-none-match`);
  if (ifNoneMatch !== undefined && tagMatches(ifNoneMatch, source.etag)) throw failed(`${prefix}if-none-match`);
  const modifiedSinceMs = timeHeader(headers, `${prefix}if-modified-since`);
  if (ifNoneMatch === undefined && modifiedSinceMs !== undefined && modifiedMs <= modifiedSinceMs) {
    throw failed(`${prefix}if-modified-since`);
  }
}
