import type { RawReply } from './exchange.ts';

/** Network Authentication Required (RFC 6585 section 6). */
const LOG_IN_FIRST = 511;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

const HTML_START =
  /^(?:\u00ef\u00bb\u00bf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^]*?-->\s*)?<(?:!doctype\s+html|html|head)\b/i;

/**
 * Whether the reply comes from something that stands in the way, most likely a network that wants a log-in first, and not
 * from a storage service. What a storage service says is known by its XML and its own headers; a gateway's error page (5xx)
 * stays an error of the service.
 */
export function looksLikePortal(method: string, reply: RawReply): boolean {
  const { status, headers, body } = reply;
  if (status === LOG_IN_FIRST) return true;
  if (status >= 500 || Object.keys(headers).some((name) => name.startsWith('x-amz-'))) return false;
  const start = body.subarray(0, 4096).toString('latin1');
  if (/<Error[\s>]/.test(start)) return false;
  if (REDIRECTS.has(status)) return headers['location'] !== undefined;
  if (HTML_START.test(start)) return true;
  if (status >= 300 || !/^text\/html\b/i.test(headers['content-type'] ?? '')) return false;
  // Some services send their XML under this type.
  if (body.length > 0) return !/^\s*<(?:\?xml|[A-Z][a-z])/.test(start);
  // Nothing to read, or a body that is streamed: an object may well be a web page, but then it has an ETag.
  return headers['etag'] === undefined && (method === 'HEAD' || method === 'GET');
}
