/**
 * Takes secrets out of text that is on its way to a log, a report or the screen (P12). It errs on the side of masking: a
 * harmless word lost is better than a key shown. Every expression here is linear in the length of the text.
 */

/** What stands where a secret stood. */
export const MASK = '***';

/** Ends of names (lower case, without "-" and "_") whose values are secret wherever they stand. */
const sensitiveEndings = [
  'authorization',
  'cookie',
  'cookies',
  'token',
  'secret',
  'password',
  'passwd',
  'passphrase',
  'apikey',
  'accesskey',
  'accesskeyid',
  'secretkey',
  'privatekey',
  'datakey',
  'credential',
  'signature',
];
const sensitiveNames = new Set(['pwd', 'sig', 'jwt', 'auth', 'credentials']);
/** Headers whose value goes on to the end of the line: it has spaces, commas and equals signs of its own. */
const wholeLineEndings = ['authorization', 'cookie', 'cookies'];

/** Elements of S3's error documents that repeat what was signed, or with what. */
const SIGNED_ELEMENTS = new Set([
  'signatureprovided',
  'stringtosign',
  'stringtosignbytes',
  'canonicalrequest',
  'canonicalrequestbytes',
]);

function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

/** Whether a value of that name (of a header, a key, a parameter) is a secret. */
export function isSensitiveName(name: string): boolean {
  const plain = plainName(name);
  return sensitiveNames.has(plain) || sensitiveEndings.some((ending) => plain.endsWith(ending));
}

const privateKeyBlock = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g;
/** Greedy, so that an "@" inside the password is taken too. */
const urlCredentials = /(:\/\/)[^\s/?#"'<>]{1,2000}@/g;
const authScheme = /\b(Bearer|Basic|Digest|Negotiate|AWS4-HMAC-SHA256)(\s{1,4})([\w+/=.~-]{8,})/gi;
const awsKeyId = /\b(AKIA|ASIA)[A-Z0-9]{12,}/g;
const jsonWebToken = /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g;
const prefixedToken = /\b(whsec_|gh[opusr]_|github_pat_|glpat-|sk_live_|sk_test_|xox[abeprs]-)[\w+/=-]{8,}/g;
/** As people write them in a sentence. */
const spacedName = /\b((?:api|access|secret|private) key\s{0,4}[:=]\s{0,4}["']?)[^\s&,;"'<>]+/gi;
const xmlElement = /<([A-Za-z][\w-]{1,80})>([^<]{1,100000})/g;
/** A name and what leads to its value: `name: `, `name=`, `"name":"`, `\"name\": \"`, `name%3D`. */
const nameAndSeparator = /([A-Za-z][\w-]{1,80})(\\{0,3}["']?\s{0,4}(?:[:=]|%3D)\s{0,4}\[?\s{0,4})/gi;

/** Where the value lies that is led to by what ends at `start`, without its quotes. */
function valueRange(text: string, start: number, wholeLine: boolean): { from: number; to: number } {
  // A list, as Node prints repeated headers, is a secret as a whole.
  if (
    text[start - 1] === '[' ||
    text
      .slice(start - 5, start)
      .trimEnd()
      .endsWith('[')
  ) {
    const to = text.indexOf(']', start);
    return { from: start, to: to < 0 ? text.length : to };
  }
  const opening = /^\\{0,3}(["'`])/.exec(text.slice(start, start + 4));
  if (opening) {
    const quote = opening[0];
    const from = start + quote.length;
    let to = text.indexOf(quote, from);
    // A quote that is escaped once more than the opening one belongs to the value.
    while (to > 0 && text[to - 1] === '\\') to = text.indexOf(quote, to + 1);
    return { from, to: to < 0 ? text.length : to };
  }
  const stop = wholeLine ? /[\r\n"'`]/g : /[\s,;&"'`<>(){}[\]\\]/g;
  stop.lastIndex = start;
  return { from: start, to: stop.exec(text)?.index ?? text.length };
}

function maskNamedValues(text: string): string {
  let result = '';
  let copied = 0;
  nameAndSeparator.lastIndex = 0;
  for (let match = nameAndSeparator.exec(text); match; match = nameAndSeparator.exec(text)) {
    const name = match[1] ?? '';
    if (!isSensitiveName(name)) {
      // The separator's blanks may be followed by the next name: only this name is behind us.
      nameAndSeparator.lastIndex = match.index + name.length + 1;
      continue;
    }
    const plain = plainName(name);
    const wholeLine = wholeLineEndings.some((ending) => plain.endsWith(ending));
    const { from, to } = valueRange(text, match.index + match[0].length, wholeLine);
    if (to > from) {
      result += text.slice(copied, from) + MASK;
      copied = to;
    }
    nameAndSeparator.lastIndex = Math.max(to, match.index + match[0].length);
  }
  return result + text.slice(copied);
}

/** "Basic settings" is no credential; base64 of a name and a password always has a digit, "=" or inner capital. */
function looksLikeCredential(value: string): boolean {
  return /[\d=+/]|[a-z][A-Z]/.test(value);
}

/**
 * The text with everything masked that is, or may be, a secret: values of sensitive headers, keys and parameters,
 * credentials in URLs, signatures of presigned URLs, what S3 repeats of a signed request, AWS key ids, bearer tokens, JSON
 * web tokens and private keys.
 */
export function redact(text: string): string {
  return maskNamedValues(
    text
      .replaceAll(privateKeyBlock, MASK)
      .replaceAll(urlCredentials, `$1${MASK}@`)
      .replaceAll(authScheme, (whole, scheme: string, gap: string, value: string) =>
        looksLikeCredential(value) ? `${scheme}${gap}${MASK}` : whole,
      )
      .replaceAll(xmlElement, (whole, name: string) =>
        isSensitiveName(name) || SIGNED_ELEMENTS.has(plainName(name)) ? `<${name}>${MASK}` : whole,
      )
      .replaceAll(spacedName, `$1${MASK}`)
      .replaceAll(jsonWebToken, MASK)
      .replaceAll(prefixedToken, (_whole, prefix: string) => prefix + MASK),
  ).replaceAll(awsKeyId, (_whole, prefix: string) => prefix + MASK);
}
