import type { IncomingHttpHeaders } from 'node:http';

/** Header fields with one value each: several of the same name are joined with ", " (RFC 9110 section 5.2). */
export function flattenHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
