import type { IncomingHttpHeaders } from 'node:http';
import type { Bucket } from './bucket.ts';
import type { RequestBody } from './request-body.ts';
import type { ConditionalMethod } from './ignored-conditions.ts';
import { S3Error } from './s3-error.ts';
import type { Storage } from './storage.ts';

/** What the operations need to know of the server. */
export interface ServerSettings {
  readonly region: string;
  /** The least size of every part but the last. */
  readonly minPartSizeBytes: number;
  /** Whether a second Complete of one upload answers as the first did (`same`) or `NoSuchUpload` (`gone`). */
  readonly repeatedComplete: 'same' | 'gone';
  /** Where conditions are taken and have no effect. May be changed while the server runs. */
  readonly ignoredConditions: Set<ConditionalMethod>;
  readonly refusedConditions: Set<ConditionalMethod>;
  readonly nowMs: () => number;
}

/** One authenticated request on its way to its operation. */
export interface OperationRequest {
  readonly method: string;
  /** Empty for ListBuckets. */
  readonly bucketName: string;
  /** Empty for bucket operations. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: RequestBody;
  readonly storage: Storage;
  readonly settings: ServerSettings;
}

/** Bytes that a reply streams; `release` is called once, however the sending ends. */
export interface ReplyStream {
  readonly sizeBytes: number;
  readonly bytes: AsyncIterable<Buffer>;
  readonly release: () => void;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** XML text, or a stream. For HEAD the stream gives only its size. */
  readonly body?: string | ReplyStream;
}

export type Operation = (request: OperationRequest) => Promise<Reply>;

export function xmlReply(body: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body };
}

/** @throws S3Error `NoSuchBucket`. */
export function bucketOf(request: OperationRequest): Bucket {
  return request.storage.get(request.bucketName);
}

/** A request header as one string. */
export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** A whole number from the query. @throws S3Error `InvalidArgument` when it is none or out of range. */
export function queryInteger(
  query: URLSearchParams,
  name: string,
  range: [least: number, most: number],
): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= range[0] && value <= range[1]) return value;
  throw new S3Error('InvalidArgument', {
    message: `Argument ${name} must be an integer between ${range[0]} and ${range[1]}`,
    elements: { ArgumentName: name, ArgumentValue: text },
  });
}

/** S3's form of a time in XML. */
export function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}
