/** The thread that sends small files. It reads with synchronous calls, so nothing else may live in it. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { checksumOf } from '../core/checksum.ts';
import type { ServiceSign } from '../core/ports.ts';
import { classifyFs } from '../watch/classify-fs.ts';
import { readNow } from '../watch/read-now.ts';
import { Connections } from '../remote/connections.ts';
import { classifyS3 } from '../remote/s3/classify-s3.ts';
import { newExchange } from '../remote/s3/exchange.ts';
import { LeanRequests, putHeaders } from '../remote/s3/lean-requests.ts';
import { writeReply } from '../remote/s3/replies.ts';
import { replyFields } from '../remote/s3/reply-fields.ts';
import type { SendAnswer, SendOrder, SendResult, SendSettings, SendWish } from '../remote/s3/send-messages.ts';
import { Wire } from '../remote/s3/wire.ts';

assert(parentPort !== null, 'the send worker runs in a thread');
const port = parentPort;
const answer = (message: SendAnswer) => port.postMessage(message, []);

const { address, dialect, limits, ca, userAgent } = workerData as SendSettings;
const { maxSockets, connectTimeoutMs } = limits;
const connections = new Connections({ maxSockets, connectTimeoutMs, ca, proxyFor: () => null });
let signs: ServiceSign[] = [];
// What may go, and how fast, was decided before the order came.
const wire = new Wire(connections, limits, {
  throttle: { take: () => null },
  onReply: (sign) => void signs.push(sign),
});
const requests = new LeanRequests(address, wire, userAgent);

/** Well below what the engine's thread waits for a sign of life, ms. */
const BEAT_MS = 500;
let beat: NodeJS.Timeout | undefined;

const running = new Map<number, AbortController>();
let results: SendResult[] = [];

/** What ends in one turn of the loop is told together. */
function end(result: SendResult): void {
  running.delete(result.id);
  if (running.size === 0) {
    clearInterval(beat);
    beat = undefined;
  }
  results.push(result);
  if (results.length > 1) return;
  setImmediate(() => {
    answer({ kind: 'ended', results, signs });
    results = [];
    signs = [];
  });
}

/** The last of each chain that has not ended. */
const chains = new Map<number, Promise<void>>();
/** Orders whose turn in their chain has not come. */
const waiting = new Set<number>();

function begin(order: SendOrder): void {
  const stop = new AbortController();
  running.set(order.id, stop);
  beat ??= setInterval(() => answer({ kind: 'alive' }), BEAT_MS);
  const { chain } = order;
  if (chain === null) {
    void send(order, stop.signal);
    return;
  }
  const before = chains.get(chain);
  const own = before === undefined ? send(order, stop.signal) : before.then(() => sendInTurn(order, stop.signal));
  if (before !== undefined) waiting.add(order.id);
  chains.set(chain, own);
  void own.finally(() => {
    if (chains.get(chain) === own) chains.delete(chain);
  });
}

/** One that was cancelled has been answered, and the chain goes on without it. */
async function sendInTurn(order: SendOrder, signal: AbortSignal): Promise<void> {
  if (waiting.delete(order.id)) await send(order, signal);
}

/** The answer does not wait for a turn in a chain: what stands before it there may take long. */
function cancel(id: number): void {
  running.get(id)?.abort(new Error('not wanted any more'));
  if (waiting.delete(id)) end({ id, kind: 'cancelled' });
}

/** Never rejects. */
async function send({ id, object, wanted, condition, keys, now }: SendOrder, signal: AbortSignal): Promise<void> {
  const body = Buffer.allocUnsafeSlow(wanted.sizeBytes);
  try {
    readNow(wanted, body);
  } catch (error) {
    const { code, context } = classifyFs(error, wanted.path);
    end({ id, kind: 'failed', code, context, date: '' });
    return;
  }
  let sentAtMs = performance.now();
  const exchange = newExchange(() => {
    sentAtMs = performance.now();
  }, limits.replyTimeoutMs);
  try {
    const checksum = await checksumOf(wanted.algorithm, body);
    const headers = putHeaders(dialect, object, body, checksum, condition);
    const request = { method: 'PUT', key: object.key, query: '', headers, body } as const;
    const raw = await requests.send(request, keys, () => now, { abortSignal: signal, exchange });
    const reply = writeReply(replyFields(raw));
    end({ id, kind: 'sent', reply, checksum, waitedMs: performance.now() - sentAtMs });
  } catch (error) {
    if (signal.aborted) {
      end({ id, kind: 'cancelled' });
      return;
    }
    const failed = { subject: object.key, condition: condition?.kind ?? null, exchange, now };
    const { code, context } = classifyS3(error, failed);
    end({ id, kind: 'failed', code, context, date: exchange.reply?.headers['date'] ?? '' });
  }
}

port.on('message', (wish: SendWish) => {
  switch (wish.kind) {
    case 'send':
      for (const order of wish.orders) begin(order);
      break;
    case 'cancel':
      cancel(wish.id);
      break;
    case 'refresh':
      connections.refresh();
      break;
  }
});
answer({ kind: 'ready' });
