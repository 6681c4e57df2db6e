import { MASK, redact } from './redact.ts';

/** Details are for people, not for whole error pages. */
const MAX_DETAIL_CHARACTERS = 2048;
/** Much longer words are cut before they are looked through: a service may send anything. */
const MAX_READ_CHARACTERS = 64 * 1024;
/** An address may be presigned, or carry a key under any name. */
const urlQuery = /(\bhttps?:\/\/[^\s?"'<>]+\?)[^\s"'<>]+/gi;

/**
 * Words of a service or library, safe to log and to show (P12), at most 2,048 characters. `known` are exact values that
 * must not appear, whatever stands around them: the keys and tokens that the request carried.
 */
export function redactDetail(text: string, known: readonly string[] = []): string {
  let safe = text.slice(0, MAX_READ_CHARACTERS);
  for (const secret of known) {
    if (secret.length >= 4) safe = safe.replaceAll(secret, MASK);
  }
  safe = redact(safe.replaceAll(urlQuery, `$1${MASK}`)).trim();
  return safe.length <= MAX_DETAIL_CHARACTERS ? safe : `${safe.slice(0, MAX_DETAIL_CHARACTERS - 1)}…`;
}

/** An address without user info, query and fragment, for `context.subject`. */
export function bareUrl(address: string): string {
  if (!URL.canParse(address)) return '';
  const url = new URL(address);
  return `${url.origin}${url.pathname}`;
}

/**
 * What may be kept of a foreign error as the cause of ours: name, code, redacted words and stack. Libraries hang requests,
 * headers and whole replies on their errors, which must not get into a log (P12).
 */
export function safeCause(error: unknown, known: readonly string[] = []): Error {
  if (!(error instanceof Error)) return new Error(redactDetail(String(error), known));
  const safe = new Error(redactDetail(error.message, known));
  safe.name = error.name;
  if (error.stack !== undefined) safe.stack = redactDetail(error.stack, known);
  if ('code' in error && typeof error.code === 'string') Object.assign(safe, { code: error.code });
  return safe;
}
