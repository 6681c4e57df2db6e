import type { IncomingHttpHeaders } from 'node:http';
import type { OperationName } from './operation-name.ts';

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
