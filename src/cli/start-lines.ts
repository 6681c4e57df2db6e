import type { StatusView } from '../protocol/shapes.ts';
import { formatCount } from './format.ts';
import { printable } from './printable.ts';

/** So many folders are named. */
const MAX_FOLDERS = 5;

/** What `run` says when it has begun: with what it works, on what, and how it ends. */
export function startLines({ engine, folders, destinations }: StatusView, once: boolean): readonly string[] {
  const shown = folders.slice(0, MAX_FOLDERS).map(({ path, destination, prefix }) => {
    const place = destinations.find(({ name }) => name === destination);
    const where = place === undefined ? '' : ` (${place.endpoint}, bucket ${place.bucket})`;
    return `  ${path} → ${destination}:${prefix}${where}`;
  });
  const more = folders.length - shown.length;
  const watching =
    folders.length === 0 ? 'No folder is configured.' : `Watching ${formatCount(folders.length, 'folder')}:`;
  return [
    `Longshore works with ${engine.configFile ?? 'no configuration file'}. ${watching}`,
    ...shown,
    ...(more > 0 ? [`  and ${formatCount(more, 'more', 'more')}: longshore status`] : []),
    once ? 'It ends by itself when everything is sent; Ctrl-C ends it before.' : 'Stop it with Ctrl-C.',
  ].map(printable);
}
