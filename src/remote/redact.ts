/** Details are for people, not for whole error pages. */
const MAX_DETAIL_CHARACTERS = 2048;

/** Each finds a secret in words that a service or library wrote; the first group is kept. */
const SECRETS: readonly RegExp[] = [
  // Presigned URLs and SigV4 headers, also inside XML and JSON.
  /\b((?:X-Amz-)?(?:Signature|Credential|Security-Token)["']?\s*[=:]\s*["']?)[^\s&,"'<>]+/gi,
  /(<(?:AWSAccessKeyId|SignatureProvided|StringToSign|StringToSignBytes|CanonicalRequest|CanonicalRequestBytes)>)[^<]*/gi,
  /\b((?:Bearer|Basic|Digest|Negotiate|AWS4-HMAC-SHA256)\s+)[A-Za-z0-9+/._~=-]{4,}/gi,
  /\b((?:api[-_ ]?key|access[-_ ]?token|refresh[-_ ]?token|id[-_ ]?token|token|secret|client[-_ ]?secret|password|passwd|authorization)["']?\s*[=:]\s*["']?)[^\s&,"'<>]+/gi,
  // Query and user info of an address: it may be presigned, or carry a key.
  /(\bhttps?:\/\/)[^\s/@"'<>]+@/gi,
  /(\bhttps?:\/\/[^\s?"'<>]+\?)[^\s"'<>]+/gi,
];
/** AWS access key ids (IAM User Guide, "Unique identifiers"). */
const ACCESS_KEY_ID = /\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g;
const MASK = '[redacted]';

/**
 * Words of a service or library, safe to log and to show (P12), at most 2,048 characters. `known` are exact values that
 * must not appear, whatever stands around them: the keys and tokens that the request carried.
 */
export function redactDetail(text: string, known: readonly string[] = []): string {
  let safe = text;
  for (const secret of known) {
    if (secret.length >= 4) safe = safe.replaceAll(secret, MASK);
  }
  for (const pattern of SECRETS) safe = safe.replaceAll(pattern, `$1${MASK}`);
  safe = safe.replaceAll(ACCESS_KEY_ID, MASK).trim();
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
