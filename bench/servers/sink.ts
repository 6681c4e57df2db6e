import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where the sink tells what it took. No bucket can be called this. */
export const TAKEN_PATH = '/_taken';

export interface Taken {
  readonly objects: number;
  readonly bytes: number;
}

export interface Sink {
  readonly endpoint: string;
  taken(): Taken;
  close(): Promise<void>;
}

const AUTHOR = 'x-amz-meta-longshore-op';
const CHECKSUMS = ['x-amz-checksum-crc64nvme', 'x-amz-checksum-crc32'];
/** Not like an MD5, so that nobody compares with it. */
export const SINK_ETAG = 'sink-1';
const ETAG = `"${SINK_ETAG}"`;

/**
 * The least that a client takes for S3: it believes every signature and checksum, drops every body and keeps no more than
 * sizes. It honours conditions, so that nobody has to look before each write. It costs so little that what is measured is
 * the client. `onPut` hears the key as soon as a PUT's headers are in, and `holds` says which objects were there before.
 */
export async function startSink(
  onPut: (path: string) => void = () => undefined,
  holds: (path: string) => boolean = () => false,
): Promise<Sink> {
  const stored = new Map<string, number>();
  const sizes = {
    get: (path: string): number | undefined => stored.get(path) ?? (holds(path) ? 0 : undefined),
    set: (path: string, size: number) => stored.set(path, size),
    delete: (path: string) => stored.delete(path),
    get size(): number {
      return stored.size;
    },
  };
  /** Which operation wrote the object: what a client recognises its own by. */
  const authors = new Map<string, string>();
  let bytes = 0;
  let uploads = 0;

  function answer(request: IncomingMessage, response: ServerResponse, path: string, query: string): void {
    const { headers } = request;
    const told = CHECKSUMS.flatMap((name) =>
      typeof headers[name] === 'string' ? [[name, headers[name]] as const] : [],
    );
    const reply = (status: number, more: Record<string, string | number>, body = ''): void => {
      response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...more }).end(body);
    };
    const size = sizes.get(path);
    const refused = (): boolean => {
      const { 'if-none-match': none, 'if-match': match } = headers;
      if (none === undefined && (match === undefined || (size !== undefined && match === ETAG))) return false;
      if (none !== undefined && size === undefined) return false;
      reply(412, XML, '<Error><Code>PreconditionFailed</Code></Error>');
      return true;
    };
    switch (request.method ?? '') {
      case 'GET':
        if (path === TAKEN_PATH) reply(200, {}, JSON.stringify({ objects: sizes.size, bytes }));
        else if (query.includes('uploads')) reply(200, XML, NO_UPLOADS);
        else reply(200, XML, '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>');
        return;
      case 'HEAD':
        if (size === undefined) response.writeHead(404).end();
        else
          response
            .writeHead(200, {
              'content-length': size,
              etag: ETAG,
              'last-modified': new Date().toUTCString(),
              ...(authors.has(path) ? { [AUTHOR]: authors.get(path) } : {}),
            })
            .end();
        return;
      case 'PUT':
        if (refused()) return;
        if (typeof headers[AUTHOR] === 'string') authors.set(path, headers[AUTHOR]);
        if (typeof headers['x-amz-copy-source'] === 'string') {
          const from = sizes.get(decodeURIComponent(`/${headers['x-amz-copy-source'].replace(/^\//, '')}`));
          const wanted = headers['x-amz-copy-source-if-match'];
          if (from === undefined || (wanted !== undefined && wanted !== ETAG)) {
            reply(412, XML, '<Error><Code>PreconditionFailed</Code></Error>');
            return;
          }
          sizes.set(path, from);
          reply(200, XML, `<CopyObjectResult><ETag>${ETAG}</ETag></CopyObjectResult>`);
          return;
        }
        sizes.set(path, (query.includes('partNumber=') ? (size ?? 0) : 0) + Number(headers['content-length'] ?? 0));
        reply(200, { etag: ETAG, 'x-amz-checksum-type': 'FULL_OBJECT', ...Object.fromEntries(told) });
        return;
      case 'POST':
        if (query.startsWith('uploads')) {
          uploads += 1;
          if (typeof headers[AUTHOR] === 'string') authors.set(path, headers[AUTHOR]);
          reply(
            200,
            XML,
            `<InitiateMultipartUploadResult><UploadId>u${uploads}</UploadId></InitiateMultipartUploadResult>`,
          );
        } else if (!refused()) {
          const sums = told.map(([name, value]) => `<${elementOf(name)}>${value}</${elementOf(name)}>`).join('');
          const type = '<ChecksumType>FULL_OBJECT</ChecksumType>';
          reply(
            200,
            XML,
            `<CompleteMultipartUploadResult><ETag>${ETAG}</ETag>${sums}${type}</CompleteMultipartUploadResult>`,
          );
        }
        return;
      default:
        if (refused()) return;
        if (!query.includes('uploadId=')) sizes.delete(path);
        reply(204, {});
    }
  }

  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    if (request.method === 'PUT') onPut(path);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => {
      answer(request, response, path, query);
    });
    // A client that is stopped in the middle is none of the sink's business.
    request.on('error', () => undefined);
  });
  server.keepAliveTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    taken: () => ({ objects: sizes.size, bytes }),
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

const NO_UPLOADS = '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>';
const XML = { 'content-type': 'application/xml' };

/** The XML element that repeats a checksum header: `x-amz-checksum-crc64nvme` is `ChecksumCRC64NVME`. */
function elementOf(header: string): string {
  return `Checksum${header.slice('x-amz-checksum-'.length).toUpperCase()}`;
}
