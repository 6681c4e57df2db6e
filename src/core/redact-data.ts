import { isSensitiveName, MASK, redact } from './redact.ts';

const deepest = 12;

/**
 * The same for data: text is redacted, values under sensitive names are masked whole. Errors become their name, message,
 * code, stack and cause; cycles and what is deeper than 12 levels are cut. Nothing of the input is changed.
 */
export function redactData(value: unknown): unknown {
  return redactAt(value, 0, new Set());
}

function redactAt(value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (depth >= deepest || above.has(value)) return '[…]';
  above.add(value);
  try {
    if (Array.isArray(value)) return value.map((item) => redactAt(item, depth + 1, above));
    if (value instanceof Map) return redactAt(Object.fromEntries(value), depth + 1, above);
    if (value instanceof Set) return redactAt([...value], depth + 1, above);
    const entries: [string, unknown][] = Object.entries(value);
    if (value instanceof Error) {
      entries.unshift(['name', value.name], ['message', value.message], ['stack', value.stack]);
      if (value.cause !== undefined) entries.push(['cause', value.cause]);
    }
    return Object.fromEntries(
      entries.map(([key, item]) => [
        key,
        isSensitiveName(key) && isPlain(item) ? MASK : redactAt(item, depth + 1, above),
      ]),
    );
  } finally {
    above.delete(value);
  }
}

/** An object under a sensitive name (`credentials: { … }`) is looked into; null tells that there is none. */
function isPlain(value: unknown): boolean {
  return value !== null && value !== undefined && (typeof value !== 'object' || Array.isArray(value));
}
