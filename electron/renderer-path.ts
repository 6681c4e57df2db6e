import path from 'node:path';

/** The window's own scheme and host: all that it may load from. */
export const APP_SCHEME = 'longshore';
const APP_ORIGIN = `${APP_SCHEME}://app`;
export const APP_ENTRY = `${APP_ORIGIN}/index.html`;

/** What the window is made of. Anything else is not served, whatever lies in the directory. */
const mimeTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

export type RendererPath =
  | { readonly ok: true; readonly file: string; readonly mimeType: string }
  | { readonly ok: false; readonly status: 400 | 403 | 404; readonly reason: string };

function refused(status: 400 | 403 | 404, reason: string): RendererPath {
  return { ok: false, status, reason };
}

/** True for the address of our own window's documents, and nothing that only looks like it. */
export function isAppUrl(address: string): boolean {
  return URL.canParse(address) && address.startsWith(`${APP_ORIGIN}/`) && new URL(address).host === 'app';
}

/**
 * The file below `root` that an address of the window's scheme names. Nothing outside of `root` can be named: every
 * segment is decoded once and must be a plain name. (The caller still checks where links lead.)
 */
export function resolveRendererPath(root: string, address: string): RendererPath {
  if (!isAppUrl(address)) return refused(403, 'not an address of this window');
  const segments: string[] = [];
  for (const encoded of new URL(address).pathname.split('/')) {
    let segment: string;
    try {
      segment = decodeURIComponent(encoded);
    } catch {
      return refused(400, 'malformed encoding');
    }
    if (segment === '' || segment === '.') continue;
    // eslint-disable-next-line no-control-regex -- these are what is refused
    if (segment === '..' || /[/\\:\u0000-\u001F]/.test(segment)) return refused(403, 'not a plain name');
    segments.push(segment);
  }
  if (segments.length === 0) segments.push('index.html');
  const name = segments.at(-1) ?? '';
  const mimeType = mimeTypes[path.extname(name).toLowerCase()];
  if (mimeType === undefined) return refused(404, 'no such kind of file');
  return { ok: true, file: path.join(root, ...segments), mimeType };
}
