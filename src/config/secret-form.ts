/** The form of secrets. What is wrong is told without the value or any part of it (P12). */

/** `header`: sent as it is in a header, or signed with. `s3Keys`: both keys of a destination in one secret. */
export type SecretUse = 'header' | 's3Keys';

/** What is obviously wrong with a value, as the end of a sentence ("… is empty"); null when nothing is. */
export function secretFault(value: string, use: SecretUse): string | null {
  if (value.trim() === '') return 'is empty';
  if (use === 's3Keys')
    return parseS3Keys(value) === null ? 'is not of the form ACCESS_KEY_ID:SECRET_ACCESS_KEY' : null;
  if (/[\r\n\0]/.test(value)) return 'holds a line break';
  return value === value.trim() ? null : 'begins or ends with a space';
}

/** `ACCESS_KEY_ID:SECRET_ACCESS_KEY`, or a JSON object with these names as AWS writes them; null for anything else. */
export function parseS3Keys(
  value: string,
): { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string | null } | null {
  if (value.trimStart().startsWith('{')) {
    let parsed: Record<string, unknown>;
    try {
      parsed = JSON.parse(value) as Record<string, unknown>;
    } catch {
      return null;
    }
    const { accessKeyId, secretAccessKey, sessionToken } = parsed;
    if (!isKey(accessKeyId) || !isKey(secretAccessKey)) return null;
    return { accessKeyId, secretAccessKey, sessionToken: typeof sessionToken === 'string' ? sessionToken : null };
  }
  const [, accessKeyId = '', secretAccessKey = ''] = /^([^:]*):(.*)$/s.exec(value) ?? [];
  const [id, secret] = [accessKeyId.trim(), secretAccessKey.trim()];
  return isKey(id) && isKey(secret) ? { accessKeyId: id, secretAccessKey: secret, sessionToken: null } : null;
}

/** No service gives out keys with white space in them; what has some was copied wrongly. */
function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^\S+$/.test(value);
}
