import type { IncomingMessage } from 'node:http';
import type { Reply } from './operation.ts';
import { S3Error } from './s3-error.ts';
import { escapeXml, xmlDocument } from './xml.ts';

interface ErrorFacts {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly elements?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A person followed a link: say in words what this server is and why it refuses. */
function page({ code, message }: ErrorFacts, requestId: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeXml(code)}</title></head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 40em; margin: 3em auto; padding: 0 1em">
<h1>${escapeXml(code)}</h1>
<p>${escapeXml(message)}</p>
<p>This is Longshore's local S3 stand-in: a small server on this computer that speaks the S3 protocol for the demo and the
tests. It is not a cloud service, and it shows nothing without a signed request. Links that Longshore opens are signed
for a limited time; open the item from Longshore again to get a fresh one.</p>
<p><small>Request ${escapeXml(requestId)}</small></p>
</body></html>
`;
}

function wantsPage(message: IncomingMessage): boolean {
  return message.method === 'GET' && (message.headers.accept ?? '').includes('text/html');
}

/** An error as S3 words it; as a page for a browser. */
export function errorReply(facts: ErrorFacts, message: IncomingMessage, requestId: string): Reply {
  const { status, code, elements = {}, headers = {} } = facts;
  if (status === 304) return { status, headers };
  if (wantsPage(message)) {
    const security = { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'" };
    const type = { 'content-type': 'text/html; charset=utf-8' };
    return { status, headers: { ...headers, ...type, ...security }, body: page(facts, requestId) };
  }
  const body = xmlDocument(
    'Error',
    [
      ['Code', code],
      ['Message', facts.message],
      ...Object.entries(elements),
      ['Resource', (message.url ?? '').split('?', 1)[0]],
      ['RequestId', requestId],
      ['HostId', 'local-stand-in'],
    ],
    { namespace: false },
  );
  return { status, headers: { ...headers, 'content-type': 'application/xml' }, body };
}

/** What the client is told about a throw. The text of an unforeseen one stays on this side. */
export function factsOf(error: unknown): ErrorFacts {
  return error instanceof S3Error ? error : new S3Error('InternalError');
}
