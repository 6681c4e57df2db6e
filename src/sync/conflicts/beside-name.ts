import type { EpochMs } from '../../core/ports.ts';

/** Most file systems take no longer name: a copy kept beside must fit on every device. */
const NAME_MAX_BYTES = 255;

/**
 * `name (conflict <device> <date>).ext`, in the same place; works for object keys and for relative paths alike. The date is
 * UTC, so that the name does not depend on a zone. `nth` from 2 on is added where the name is taken. A long name is cut,
 * between characters, so that the whole fits into 255 bytes.
 */
export function besideName(path: string, device: string, now: EpochMs, nth = 1): string {
  const slash = path.lastIndexOf('/') + 1;
  const dot = path.lastIndexOf('.');
  const cut = dot > slash ? dot : path.length;
  const date = new Date(now).toISOString().slice(0, 19).replaceAll(':', '-').replace('T', ' ');
  const counter = nth > 1 ? ` ${nth}` : '';
  const who = firstBytes(device.replaceAll(/[/\\:*?"<>|]|\p{Cc}/gu, '_'), 60);
  const mark = ` (conflict ${who} ${date}${counter})`;
  const room = NAME_MAX_BYTES - Buffer.byteLength(mark);
  // A very long extension is none: the mark matters more.
  const extension = firstBytes(path.slice(cut), Math.floor(room / 2));
  const stem = firstBytes(path.slice(slash, cut), room - Buffer.byteLength(extension));
  return `${path.slice(0, slash)}${stem}${mark}${extension}`;
}

function firstBytes(text: string, maxBytes: number): string {
  let bytes = 0;
  let kept = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}
