import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply, ReplyStream } from './operation.ts';

export interface SendLimits {
  /** Bytes per second, Infinity for none. */
  readonly bandwidth: number;
  /** Ends the waits of a slowed body. */
  readonly closing: AbortSignal;
  /** Cut the connection after this many body bytes. */
  readonly truncateAfterBytes: number | undefined;
  readonly onBodyBytes: (bytes: number) => void;
}

async function* bodyChunks(body: string | ReplyStream): AsyncGenerator<Buffer> {
  if (typeof body === 'string') yield Buffer.from(body);
  else yield* body.bytes;
}

/** Writes status and part of the status line only: what a reply looks like when the service dies while answering. */
function cutInStatusLine(response: ServerResponse): void {
  const { socket } = response;
  socket?.end('HTTP/1.1 ');
}

/** Until there is room again or nobody reads any more. Leaves no listener behind: a large body waits thousands of times. */
async function untilDrained(response: ServerResponse): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } finally {
    over.abort();
  }
}

async function writeBody(response: ServerResponse, body: string | ReplyStream, limits: SendLimits): Promise<void> {
  const { bandwidth, closing, truncateAfterBytes = Infinity, onBodyBytes } = limits;
  const startedAtMs = performance.now();
  let sent = 0;
  for await (const whole of bodyChunks(body)) {
    const chunk = sent + whole.length > truncateAfterBytes ? whole.subarray(0, truncateAfterBytes - sent) : whole;
    sent += chunk.length;
    onBodyBytes(chunk.length);
    const drained = response.write(chunk);
    if (sent >= truncateAfterBytes) {
      // Ended, not reset: what was written still arrives, and the client finds it too short.
      response.socket?.end();
      return;
    }
    if (response.destroyed) return;
    if (!drained) await untilDrained(response);
    const aheadMs = (sent / bandwidth) * 1000 - (performance.now() - startedAtMs);
    if (aheadMs > 1) await sleep(aheadMs, undefined, { signal: closing });
  }
  response.end();
}

/** Sends a reply, HEAD without its body, and releases its stream in any case. */
export async function sendReply(response: ServerResponse, reply: Reply, limits: SendLimits): Promise<void> {
  const { body } = reply;
  try {
    const isHead = response.req.method === 'HEAD';
    const hasBody = body !== undefined && !isHead;
    const sizeBytes = typeof body === 'string' ? Buffer.byteLength(body) : (body?.sizeBytes ?? 0);
    if (limits.truncateAfterBytes !== undefined && !hasBody) {
      cutInStatusLine(response);
      return;
    }
    const bodiless = reply.status === 204 || reply.status === 304;
    response.writeHead(reply.status, { ...reply.headers, ...(bodiless ? {} : { 'content-length': sizeBytes }) });
    if (!hasBody || bodiless) response.end();
    else await writeBody(response, body, limits);
  } finally {
    if (typeof body === 'object') body.release();
  }
}
