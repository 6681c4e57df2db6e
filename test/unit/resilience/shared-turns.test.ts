import { describe, expect, it } from 'vitest';
import { Permits } from '../../../src/resilience/permits.ts';
import { SharedTurns, type SharedTurn } from '../../../src/resilience/shared-turns.ts';

const forever = new AbortController().signal;
const settle = () => new Promise((resolve) => void setImmediate(resolve));
const claim = (owner: string, group = 'g') => ({ group, owner, bulk: false });

function make(limit: number) {
  const permits = new Permits(limit);
  const turns = new SharedTurns({
    isSpent: () => permits.inUse >= permits.limit,
    acquire: (signal, given) => permits.acquire(signal, given),
  });
  return { permits, turns };
}

describe('shared turns', () => {
  it('give each a permit of its own while there are some', async () => {
    const { permits, turns } = make(3);
    const got = await Promise.all(['a', 'b', 'c'].map((owner) => turns.acquire(forever, claim(owner))));
    expect(new Set(got.map(({ chain }) => chain)).size).toBe(3);
    expect(permits.inUse).toBe(3);
  });

  it('put those of a group that wait under one permit, four at the most, and give it back with the last', async () => {
    const { permits, turns } = make(1);
    const first = await turns.acquire(forever, claim('first'));
    const got: SharedTurn[] = [];
    for (const owner of ['a', 'b', 'c', 'd', 'e'])
      void turns.acquire(forever, claim(owner)).then((turn) => got.push(turn));
    void turns.acquire(forever, claim('x', 'other')).then((turn) => got.push(turn));
    await settle();
    expect(got).toEqual([]);
    first.release();
    await settle();
    expect(got).toHaveLength(4);
    expect(new Set(got.map(({ chain }) => chain)).size).toBe(1);
    for (const turn of got.slice(0, 3)) turn.release();
    // Twice is once.
    got[0]?.release();
    await settle();
    expect(got).toHaveLength(4);
    expect(permits.inUse).toBe(1);
    got[3]?.release();
    await settle();
    expect(got).toHaveLength(5);
    expect(permits.inUse).toBe(1);
  });

  it('P9: are not waited for after an abort; the others of the chain still have theirs', async () => {
    const { permits, turns } = make(1);
    const first = await turns.acquire(forever, claim('first'));
    const stop = new AbortController();
    const ended = Promise.allSettled(['a', 'b'].map((owner) => turns.acquire(stop.signal, claim(owner))));
    const stays = turns.acquire(forever, claim('c'));
    expect(turns.isWaiting('a')).toBe(true);
    stop.abort(new Error('paused'));
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([turns.isWaiting('a'), turns.isWaiting('c')]).toEqual([false, true]);
    first.release();
    (await stays).release();
    expect(permits.inUse).toBe(0);
  });

  it('give up the permit that nobody waits for any more', async () => {
    const { permits, turns } = make(1);
    const first = await turns.acquire(forever, claim('first'));
    const stop = new AbortController();
    const ended = turns.acquire(stop.signal, claim('a'));
    stop.abort(new Error('paused'));
    await expect(ended).rejects.toThrow('paused');
    first.release();
    await settle();
    expect(permits.inUse).toBe(0);
    await expect(turns.acquire(AbortSignal.abort(new Error('before')), claim('b'))).rejects.toThrow('before');
  });
});
