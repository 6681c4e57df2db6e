import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { protocol, type Session } from 'electron';
import { APP_SCHEME, isAppUrl, resolveRendererPath } from './renderer-path.ts';

/** Scripts and styles of our own files only; nothing can be sent anywhere, nothing can frame or be framed. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** Must come before the app is ready. */
export function declareAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

function refusal(status: number): Response {
  return new Response(null, { status, headers });
}

/** Serves the built window from `root`, and lets this session load nothing else from anywhere. */
export function serveApp(session: Session, root: string, onRefused: (why: string) => void): void {
  session.protocol.handle(APP_SCHEME, async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405);
    const resolved = resolveRendererPath(root, request.url);
    if (!resolved.ok) {
      onRefused(`${request.url}: ${resolved.reason}`);
      return refusal(resolved.status);
    }
    try {
      // A link in the directory must not lead out of it.
      const [realRoot, realFile] = await Promise.all([realpath(root), realpath(resolved.file)]);
      if (!realFile.startsWith(realRoot + path.sep)) return refusal(403);
      const body = request.method === 'HEAD' ? null : await readFile(realFile);
      return new Response(body, { headers: { ...headers, 'content-type': resolved.mimeType } });
    } catch {
      return refusal(404);
    }
  });
  session.webRequest.onBeforeRequest((details, callback) => {
    const allowed = isAppUrl(details.url) || details.url.startsWith('devtools://');
    if (!allowed) onRefused(`blocked ${details.url.slice(0, 200)}`);
    callback({ cancel: !allowed });
  });
  session.setPermissionRequestHandler((_contents, permission, callback) => {
    onRefused(`permission ${permission}`);
    callback(false);
  });
  session.setPermissionCheckHandler(() => false);
  session.setDevicePermissionHandler(() => false);
}
