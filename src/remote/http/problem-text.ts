import type { HttpReply } from '../../core/ports.ts';
import { redactDetail } from '../../core/redact-detail.ts';

/**
 * The service's own words in a refusal, redacted: title and detail of a problem document (RFC 9457), the usual members of
 * other JSON errors, else the start of the body. Undefined when there is nothing to read.
 */
export function problemText(reply: HttpReply, secrets: readonly string[]): string | undefined {
  const type = reply.headers['content-type'] ?? '';
  const text = Buffer.from(reply.body.subarray(0, 64 * 1024)).toString('utf8');
  const said = /\bjson\b/i.test(type) ? (fromJson(text) ?? text) : /\bhtml\b/i.test(type) ? withoutTags(text) : text;
  // Bytes that are no text (an image, a compressed page) help nobody.
  if (said.includes('\u0000') || said.includes('\ufffd')) return undefined;
  const safe = redactDetail(said, secrets);
  return safe === '' ? undefined : safe;
}

function fromJson(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const problem = join(value['title'], value['detail']);
  if (problem !== undefined) return problem;
  const nested = value['error'];
  if (isRecord(nested)) return join(nested['code'], nested['message']);
  return join(nested, value['message'] ?? value['error_description']);
}

function join(...members: readonly unknown[]): string | undefined {
  const words = members.filter((one): one is string => typeof one === 'string' && one !== '');
  return words.length === 0 ? undefined : [...new Set(words)].join(': ');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutTags(html: string): string {
  return html
    .replaceAll(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
