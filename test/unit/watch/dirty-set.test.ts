import { describe, expect, it } from 'vitest';
import { DirtySet } from '../../../src/watch/dirty-set.ts';

describe('DirtySet', () => {
  it('keeps each directory once, in order, and starts afresh when taken', () => {
    const set = new DirtySet(10);
    expect(set.take()).toBeNull();
    for (const dir of ['b', 'a', 'b', '']) set.add(dir);
    expect(set.take()).toEqual({ kind: 'dirty', dirs: ['b', 'a', ''] });
    expect(set.take()).toBeNull();
  });

  it('becomes an overflow beyond its limit, and forgets the directories', () => {
    const set = new DirtySet(2);
    for (const dir of ['a', 'b']) set.add(dir);
    expect(set.take()).toMatchObject({ kind: 'dirty' });
    for (const dir of ['a', 'b', 'c', 'd']) set.add(dir);
    expect(set.take()).toMatchObject({ kind: 'overflow' });
    expect(set.take()).toBeNull();
  });

  it('keeps every reason of an overflow, each once', () => {
    const set = new DirtySet(2);
    set.add('a');
    set.overflow('stalled');
    set.overflow('started');
    set.overflow('stalled');
    set.add('b');
    expect(set.take()).toEqual({ kind: 'overflow', reasons: ['stalled', 'started'] });
  });
});
