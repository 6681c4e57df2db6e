import type { IncomingHttpHeaders } from 'node:http';
import type { OperationName } from './operation-name.ts';
import { S3Error } from './s3-error.ts';

/** Conditional requests as services differ in them: many take the header and do as if it were not there. */
export const CONDITIONAL_METHODS = ['put', 'complete', 'copy', 'delete'] as const;
export type ConditionalMethod = (typeof CONDITIONAL_METHODS)[number];

const METHOD_OF: Readonly<Partial<Record<OperationName, ConditionalMethod>>> = {
  PutObject: 'put',
  CompleteMultipartUpload: 'complete',
  CopyObject: 'copy',
  UploadPartCopy: 'copy',
  DeleteObject: 'delete',
};
const CONDITION = /^(?:x-amz-copy-source-)?if-/;

/** @throws S3Error `NotImplemented` for a request with a condition where this service refuses those: some do that instead. */
export function refuseConditions(
  headers: IncomingHttpHeaders,
  operation: OperationName,
  refused: ReadonlySet<ConditionalMethod>,
): void {
  const method = METHOD_OF[operation];
  if (method === undefined || !refused.has(method)) return;
  const header = Object.keys(headers).find((name) => CONDITION.test(name));
  if (header !== undefined) throw new S3Error('NotImplemented', { elements: { Header: header } });
}

/** The headers that an operation gets to see: without conditions where this service ignores them. */
export function withoutIgnoredConditions(
  headers: IncomingHttpHeaders,
  operation: OperationName,
  ignored: ReadonlySet<ConditionalMethod>,
): IncomingHttpHeaders {
  const method = METHOD_OF[operation];
  if (method === undefined || !ignored.has(method)) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CONDITION.test(name)));
}
