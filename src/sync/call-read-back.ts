import { isDeepStrictEqual } from 'node:util';
import type { HttpReply } from '../core/ports.ts';

/** Methods whose effect can be seen by reading the same address. */
export function mayCompareAfter(method: string): boolean {
  return method === 'PUT' || method === 'PATCH' || method === 'DELETE';
}

/** Whether what is there now shows that the call did its work: the record is as sent, has the patched fields, or is gone. */
export function didItHappen(method: string, sentBody: string | null, now: HttpReply): boolean {
  if (method === 'DELETE') return now.status === 404 || now.status === 410;
  if (now.status !== 200 || sentBody === null || now.truncated) return false;
  const there = parse(Buffer.from(now.body).toString('utf8'));
  const sent = parse(sentBody);
  if (there === undefined || sent === undefined) return false;
  return method === 'PUT' ? isDeepStrictEqual(there, sent) : hasFields(there, sent);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** RFC 7396: a null in the patch removes the field. */
function hasFields(there: unknown, patch: unknown): boolean {
  if (!isRecord(patch)) return isDeepStrictEqual(there, patch);
  if (!isRecord(there)) return false;
  return Object.entries(patch).every(([name, value]) =>
    value === null ? !(name in there) : hasFields(there[name], value),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
