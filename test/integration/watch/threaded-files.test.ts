import { afterEach, describe, expect, it } from 'vitest';
import { TempTree } from '../../support/temp-tree.ts';
import { readMany, warmedUp } from '../../support/threaded-files.ts';
import type { ThreadedFiles } from '../../../src/watch/threaded-files.ts';

const hanging = new URL('../../support/hanging-read-worker.ts', import.meta.url);
const dying = new URL('../../support/dying-read-worker.ts', import.meta.url);

describe('ThreadedFiles', () => {
  const tree = new TempTree();
  let files: ThreadedFiles | null = null;
  afterEach(() => {
    files?.close();
  });
  const all = (content: string, times: number) =>
    Array.from({ length: times }, () => ({ status: 'fulfilled', value: content }));

  it('P10: a thread that hangs loses nothing: its files are read in another way, and no further thread is tried soon', async () => {
    files = await warmedUp(hanging);
    tree.write('a', 'content');
    expect(await readMany(files, tree.at('a'), 40)).toEqual(all('content', 40));
    expect(files.hasThread).toBe(false);
    expect(await readMany(files, tree.at('a'), 40)).toEqual(all('content', 40));
    expect(files.hasThread).toBe(false);
  });

  it('loses nothing when its thread dies, or can not be started', async () => {
    files = await warmedUp(dying);
    tree.write('a', 'content');
    expect(await readMany(files, tree.at('a'), 40)).toEqual(all('content', 40));
    expect(files.hasThread).toBe(false);
  });

  it('lets go of a read that is aborted while the thread hangs', async () => {
    files = await warmedUp(hanging);
    tree.write('a', 'content');
    const controller = new AbortController();
    const reads = readMany(files, tree.at('a'), 3, controller.signal);
    setTimeout(() => controller.abort(new Error('stopped')), 50);
    expect((await reads).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    // So nothing waited until it was given up.
    expect(files.hasThread).toBe(true);
  });

  it('reads on after it was closed', async () => {
    files = await warmedUp();
    tree.write('a', 'content');
    const reads = readMany(files, tree.at('a'), 40);
    files.close();
    expect(await reads).toEqual(all('content', 40));
  });
});
