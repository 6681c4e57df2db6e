import { describe, expect, it } from 'vitest';
import type { OperationView } from '../../../src/protocol/shapes.ts';
import { MIB, noise, Rig, SERVERS, type TestServer } from '../../support/engine-harness.ts';
import { rigForEach } from '../../support/rig-tests.ts';
import { sha256 } from '../../support/s3-bucket.ts';
import type { StandIn } from '../../support/s3-servers.ts';

describe.each(SERVERS)('conflicts against %s', (name, startServer) => {
  let server: TestServer;
  let rig: Rig;
  rigForEach(startServer, async (started) => {
    server = started;
    return (rig = await Rig.create(server));
  });

  /** Ours was uploaded, theirs came after it, and then ours was edited. */
  async function bothChanged(path = 'a.txt'): Promise<{ conflict: OperationView; ours: string; theirs: string }> {
    rig.write(path, 'first');
    await rig.start();
    await rig.untilItem(path, 'succeeded');
    const { etag: ours } = (await rig.bucket.get(`drop/${path}`))!;
    const theirs = await rig.bucket.put(`drop/${path}`, 'theirs');
    rig.write(path, 'ours, edited');
    return { conflict: await rig.untilItem(path, 'conflict'), ours, theirs };
  }

  /** The next scan is quiet, and the next edit replaces what is there without a question. */
  async function expectSettled(path: string): Promise<void> {
    await rig.untilQuiet();
    const before = await rig.ls();
    await rig.rescan();
    expect(await rig.ls()).toEqual(before);
    rig.write(path, 'edited after the resolution');
    await rig.untilStored(`drop/${path}`, 'edited after the resolution');
    expect(await rig.untilItem(path, 'succeeded')).toMatchObject({ error: null });
  }

  it('P4: what another put there first is not overwritten; both versions are shown', async () => {
    const theirs = await rig.bucket.put('drop/a.txt', 'theirs');
    rig.write('a.txt', 'ours');
    await rig.start();
    const conflict = await rig.untilItem('a.txt', 'conflict');
    expect(conflict.error).toMatchObject({ code: 'conflict.exists', class: 'conflict' });
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
    const { items } = (await rig.json('conflicts')) as { items: (OperationView & { versions: unknown })[] };
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      id: conflict.id,
      versions: { base: null, remote: { etag: theirs, sizeBytes: 6 }, local: { sizeBytes: 4 } },
    });
    // A scan queues nothing for a state that is in conflict already.
    await rig.rescan();
    expect(await rig.ls()).toHaveLength(1);
  });

  it('P4: what another changed since is not overwritten; base and remote are shown', async () => {
    const { conflict, ours, theirs } = await bothChanged();
    expect(conflict.error?.code).toBe('conflict.changed');
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs');
    expect((await rig.show(conflict.id)).versions).toMatchObject({ base: { etag: ours }, remote: { etag: theirs } });
  });

  it('keep local replaces theirs; then all is settled', async () => {
    const { conflict } = await bothChanged();
    expect(await rig.json('resolve', conflict.id, '--keep', 'local')).toEqual({ resolved: [conflict.id], refused: [] });
    await rig.untilItem('a.txt', 'succeeded');
    expect(await rig.bucket.text('drop/a.txt')).toBe('ours, edited');
    await expectSettled('a.txt');
  });

  it('keep local is no blank cheque: theirs that changed again is a conflict again', async () => {
    const { conflict, theirs } = await bothChanged();
    await rig.json('pause');
    await rig.bucket.put('drop/a.txt', 'theirs, again');
    await rig.json('resolve', conflict.id, '--keep', 'local');
    await rig.json('resume');
    const again = await rig.untilItem('a.txt', 'conflict');
    expect((await rig.show(again.id)).versions.base?.etag).toBe(theirs);
    expect(await rig.bucket.text('drop/a.txt')).toBe('theirs, again');
  });

  it('keep remote sends nothing and ends succeeded; then all is settled', async () => {
    const { conflict, theirs } = await bothChanged();
    await rig.json('resolve', conflict.id, '--keep', 'remote');
    expect(await rig.item('a.txt')).toMatchObject({ id: conflict.id, state: 'succeeded', error: null });
    await rig.untilQuiet();
    expect((await rig.bucket.get('drop/a.txt'))?.etag).toBe(theirs);
    await expectSettled('a.txt');
  });

  it('keep both puts ours beside theirs, under a name with device and date; then all is settled', async () => {
    const { conflict } = await bothChanged('dir/a.txt');
    await rig.json('resolve', conflict.id, '--keep', 'both');
    await rig.untilItem('dir/a.txt', 'succeeded');
    const keys = await rig.bucket.keys();
    expect(keys).toHaveLength(2);
    const beside = keys.find((key) => key !== 'drop/dir/a.txt')!;
    expect(beside).toMatch(/^drop\/dir\/a \(conflict testbox \d{4}-\d\d-\d\d[^)]*\)\.txt$/);
    expect(await rig.bucket.text(beside)).toBe('ours, edited');
    expect(await rig.bucket.text('drop/dir/a.txt')).toBe('theirs');
    await expectSettled('dir/a.txt');
    expect(await rig.bucket.text(beside)).toBe('ours, edited');
  });

  it('a remote delete is a conflict of its own: keep local uploads again, keep remote leaves it deleted', async () => {
    rig.write('a.txt', 'one');
    rig.write('b.txt', 'one');
    await rig.start();
    for (const path of ['a.txt', 'b.txt']) {
      await rig.untilItem(path, 'succeeded');
      await rig.bucket.remove(`drop/${path}`);
      rig.write(path, 'two, edited');
      const conflict = await rig.untilItem(path, 'conflict');
      expect(conflict.error?.code).toBe('conflict.deleted');
      expect((await rig.show(conflict.id)).versions.remote).toBeNull();
      await rig.json('resolve', conflict.id, '--keep', path === 'a.txt' ? 'local' : 'remote');
      await rig.untilItem(path, 'succeeded');
    }
    expect(await rig.bucket.keys()).toEqual(['drop/a.txt']);
    await expectSettled('b.txt');
    expect(await rig.bucket.text('drop/a.txt')).toBe('two, edited');
  });

  it('identical content is no conflict, small or large', async () => {
    const large = noise(6 * MIB);
    const etag = await rig.bucket.put('drop/same.txt', 'same');
    await rig.bucket.put('drop/large.bin', large);
    rig.write('same.txt', 'same');
    rig.write('large.bin', large);
    await rig.start();
    await rig.untilItem('same.txt', 'succeeded');
    await rig.untilItem('large.bin', 'succeeded');
    expect((await rig.bucket.get('drop/same.txt'))?.etag).toBe(etag);
    await expectSettled('same.txt');
  });

  it('a large file finds its conflict before its bytes are sent, and leaves no upload open', async () => {
    await rig.bucket.put('drop/large.bin', 'theirs');
    if (name === 'stand-in') (server as StandIn).counters.reset();
    const ours = noise(11 * MIB);
    rig.write('large.bin', ours);
    await rig.start();
    const conflict = await rig.untilItem('large.bin', 'conflict');
    expect(await rig.bucket.openUploads()).toEqual([]);
    if (name === 'stand-in') expect((server as StandIn).counters.of('UploadPart').requests).toBe(0);
    await rig.json('resolve', conflict.id, '--keep', 'local');
    await rig.untilItem('large.bin', 'succeeded');
    expect(sha256((await rig.bucket.get('drop/large.bin'))!.body)).toBe(sha256(ours));
    expect(await rig.bucket.openUploads()).toEqual([]);
  });

  // Only the stand-in can be slowed down.
  it.runIf(name === 'stand-in').each([
    ['none was there', 'conflict.exists'],
    ['ours was there', 'conflict.changed'],
  ])('P7: a conflict that arises while parts are sent is found at Complete: %s', async (_title, code) => {
    const { faults } = server as StandIn;
    if (code === 'conflict.changed') rig.write('large.bin', 'small at first');
    await rig.start();
    if (code === 'conflict.changed') await rig.untilItem('large.bin', 'succeeded');
    const hurry = faults.add({ operation: 'UploadPart', fault: { kind: 'latency', delayMs: 400 } });
    rig.write('large.bin', noise(11 * MIB));
    await expect.poll(() => rig.bucket.openUploads(), { timeout: 10_000, interval: 20 }).toHaveLength(1);
    await rig.bucket.put('drop/large.bin', 'theirs came first');
    hurry();
    const conflict = await rig.untilItem('large.bin', 'conflict');
    expect(conflict.error?.code).toBe(code);
    expect(await rig.bucket.text('drop/large.bin')).toBe('theirs came first');
    await rig.json('resolve', conflict.id, '--keep', 'remote');
    await expect.poll(() => rig.bucket.openUploads(), { timeout: 10_000 }).toEqual([]);
    expect(await rig.bucket.text('drop/large.bin')).toBe('theirs came first');
  });

  it('an edit of a file in conflict replaces the conflict and inherits its base', async () => {
    const { conflict, ours } = await bothChanged();
    rig.write('a.txt', 'ours, edited once more');
    const next = await rig.untilItem('a.txt', 'conflict', 20_000, ({ id }) => id !== conflict.id);
    expect((await rig.show(conflict.id)).state).toBe('superseded');
    expect((await rig.show(next.id)).versions.base?.etag).toBe(ours);
  });

  it('what can not be resolved is refused in words', async () => {
    const { conflict } = await bothChanged();
    expect((await rig.cli('resolve', 'no-such-id', '--keep', 'local')).exitCode).toBe(2);
    expect((await rig.cli('resolve', conflict.id, '--keep', 'merge')).err).toMatch(/not available yet/);
    await rig.json('resolve', conflict.id, '--keep', 'remote');
    const again = await rig.cli('resolve', conflict.id, '--keep', 'local');
    expect(again.exitCode).toBe(2);
    expect(again.err).toMatch(/succeeded, not in conflict/);
  });
});
