import { describe, expect, it } from 'vitest';
import { SharedCommits } from '../../../src/db/shared-commits.ts';
import { makeOutbox } from '../../support/outbox.ts';

/** Checkpoints over a real database, with its commits counted. */
function setup() {
  const { repos, clock } = makeOutbox();
  let commits = 0;
  const shared = new SharedCommits(clock, (work) => {
    const result = repos.transaction(work);
    commits += 1;
    return result;
  });
  const write = (name: string) => {
    repos.settings.set(name, 'written');
    return name;
  };
  return { clock, repos, shared, write, commits: () => commits };
}

describe('checkpoints of many attempts', () => {
  it('asked for in one turn of the loop are one commit, in their order', async () => {
    const { clock, repos, shared, write, commits } = setup();
    const order: string[] = [];
    const all = ['a', 'b', 'c'].map((name) =>
      shared.run(() => {
        order.push(name);
        return write(name);
      }),
    );
    expect(repos.settings.get('a')).toBeNull();
    clock.runDeferred();
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
    expect(order).toEqual(['a', 'b', 'c']);
    expect(commits()).toBe(1);
    expect(repos.settings.get('c')).toBe('written');
  });

  it('asked for later are another commit', async () => {
    const { clock, shared, write, commits } = setup();
    const first = shared.run(() => write('a'));
    clock.runDeferred();
    await first;
    const second = shared.run(() => write('b'));
    clock.runDeferred();
    expect(await second).toBe('b');
    expect(commits()).toBe(2);
  });

  it('P2: one that breaks takes none of the others with it, and leaves nothing of itself', async () => {
    const { clock, repos, shared, write } = setup();
    const before = shared.run(() => write('before'));
    const broken = shared.run(() => {
      write('broken');
      throw new Error('it breaks');
    });
    const after = shared.run(() => write('after'));
    const rejected = expect(broken).rejects.toThrow('it breaks');
    clock.runDeferred();
    await rejected;
    expect(await before).toBe('before');
    expect(await after).toBe('after');
    expect(repos.settings.get('broken')).toBeNull();
    expect(repos.settings.get('before')).toBe('written');
  });
});
