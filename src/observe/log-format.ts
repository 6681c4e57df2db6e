import { redactData } from '../core/redact-data.ts';
import { redact } from '../core/redact.ts';

export const LOG_LINE_FORMAT = '{y}-{m}-{d}T{h}:{i}:{s}.{ms}{z} {level} {text}';

/** Nothing reaches a log with a secret in it (P12): what goes into a line, masked. */
export function redactParts(parts: readonly unknown[]): unknown[] {
  return parts.map((part) => (typeof part === 'string' ? redact(part) : redactData(part)));
}
