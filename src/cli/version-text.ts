import type { z } from 'zod';
import type { versionsShape } from '../protocol/shapes.ts';
import { formatBytes, formatLocalTime } from './format.ts';
import { printable } from './printable.ts';

type Versions = z.infer<typeof versionsShape>;

/** What stands here, there, and what the change was made from; nothing where nothing is known. */
export function versionLines({ base, remote, local }: Versions): readonly string[] {
  const lines: string[] = [];
  if (local !== null)
    lines.push(`local   ${formatBytes(local.sizeBytes)}, changed ${formatLocalTime(local.modifiedAt)}`);
  if (remote !== null) lines.push(`remote  ${versionWords(remote)}`);
  if (base !== null) lines.push(`base    ${versionWords(base)}`);
  return lines;
}

function versionWords(version: NonNullable<Versions['base']>): string {
  const { etag, versionId, sizeBytes, lastModified, modifiedAt, device } = version;
  const changed = modifiedAt ?? lastModified;
  const words = [
    sizeBytes === null ? null : formatBytes(sizeBytes),
    changed === null ? null : `changed ${formatLocalTime(changed)}`,
    device === undefined ? null : `by ${printable(device)}`,
    `version ${printable(versionId ?? etag)}`,
  ];
  return words.filter((word) => word !== null).join(', ');
}
