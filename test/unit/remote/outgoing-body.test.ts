import { describe, expect, it } from 'vitest';
import type { Throttle } from '../../../src/core/ports.ts';
import { OutgoingBody, takeNow } from '../../../src/remote/s3/outgoing-body.ts';

const NEVER = new AbortController().signal;
const KIB = 1024;
const UNLIMITED: Throttle = { take: () => null };

/** Grants `atOnce` bytes, and every later request when `release` is called. */
function heldAfter(atOnce: number) {
  let left = atOnce;
  const waiting: (() => void)[] = [];
  const asked: number[] = [];
  const throttle: Throttle = {
    take(bytes) {
      asked.push(bytes);
      left -= bytes;
      return left >= 0 ? null : new Promise((resolve) => waiting.push(resolve));
    },
  };
  return { throttle, asked, waiting, release: () => waiting.shift()?.() };
}

function watched() {
  const log: string[] = [];
  return {
    log,
    events: {
      onSent: (bytes: number) => void log.push(`sent ${bytes / KIB}`),
      onEnd: () => void log.push('end'),
      onHeld: (held: boolean) => void log.push(held ? 'held' : 'free'),
    },
  };
}

describe('a body on its way', () => {
  it('is the memory that it was given, in slices, and reports each when the next is asked for', async () => {
    const bytes = Buffer.alloc(500 * KIB, 'x');
    const { log, events } = watched();
    let nowMs = 0;
    const body = new OutgoingBody(bytes, UNLIMITED, { granted: 0, next: null }, events, NEVER, () => nowMs);
    const first = (await body.next()).value as Uint8Array;
    expect([first.buffer, first.byteOffset, first.length]).toEqual([bytes.buffer, bytes.byteOffset, 64 * KIB]);
    expect(log).toEqual([]);
    // Taken at once: the next is larger. Taken slowly: smaller.
    for (const [tookMs, sizeKiB] of [
      [1, 128],
      [100, 128],
      [400, 64],
      [400, 32],
      [400, 16],
      [400, 16],
    ] as const) {
      nowMs += tookMs;
      expect((await body.next()).value).toHaveLength(sizeKiB * KIB);
    }
    expect(log).toEqual(['sent 64', 'sent 128', 'sent 128', 'sent 64', 'sent 32', 'sent 16']);
    while ((await body.next()).done !== true);
    expect(log.at(-1)).toBe('end');
  });

  it('goes in small slices, and says that it is held, when bytes are rationed', async () => {
    const { throttle, asked, waiting, release } = heldAfter(32 * KIB);
    const { log, events } = watched();
    const body = new OutgoingBody(Buffer.alloc(60 * KIB), throttle, { granted: 0, next: null }, events, NEVER);
    expect((await body.next()).value).toHaveLength(32 * KIB);
    const next = body.next();
    expect(log).toEqual(['sent 32', 'held']);
    release();
    expect((await next).value).toHaveLength(16 * KIB);
    const rest = body.next();
    expect(waiting).toHaveLength(1);
    release();
    expect((await rest).value).toHaveLength(12 * KIB);
    expect((await body.next()).done).toBe(true);
    expect(log).toEqual(['sent 32', 'held', 'free', 'sent 16', 'held', 'free', 'sent 12', 'end']);
    expect(asked.reduce((sum, one) => sum + one, 0)).toBe(60 * KIB);
  });

  it('ends with the throttle’s rejection', async () => {
    const reason = new Error('enough');
    const throttle: Throttle = { take: () => Promise.reject(reason) };
    const { events } = watched();
    const body = new OutgoingBody(Buffer.alloc(KIB), throttle, { granted: 0, next: null }, events, NEVER);
    await expect(body.next()).rejects.toBe(reason);
  });

  it('asks for no byte twice when its beginning was granted before', async () => {
    const { throttle, asked, release } = heldAfter(16 * KIB);
    const { events } = watched();
    const first = takeNow(throttle, 40 * KIB, NEVER);
    expect(first?.granted).toBe(16 * KIB);
    const body = new OutgoingBody(Buffer.alloc(40 * KIB), throttle, first!, events, NEVER);
    const sizes: number[] = [];
    for (let slice = body.next(); ; slice = body.next()) {
      release();
      const step = await slice;
      if (step.done === true) break;
      sizes.push(step.value.length / KIB);
    }
    expect(sizes).toEqual([16, 16, 8]);
    expect(asked.reduce((sum, one) => sum + one, 0)).toBe(40 * KIB);
  });
});
