import { describe, expect, it } from 'vitest';
import { must } from '../../support/outbox.ts';
import { WatchedFolder } from '../../support/watched-folder.ts';

const REASON = 'the system has no file watches left (fs.inotify.max_user_watches)';

/** A folder whose first scans are over, and how many scans a time takes. */
async function settled() {
  const folder = new WatchedFolder({ mode: 'drop' });
  folder.write('a.txt');
  await folder.start();
  const scansWithin = async (ms: number) => {
    const before = folder.tree.scans.length;
    await folder.wait(ms);
    return folder.tree.scans.length - before;
  };
  return { folder, scansWithin, hints: must(folder.hints) };
}

describe('P2, P11: a watch that can not see everything', () => {
  it('is said in its own words', async () => {
    const { folder, hints } = await settled();
    hints.onDegraded(REASON);
    expect(folder.sync.state().degraded).toEqual({ kind: 'watch-limit', reason: REASON });
    hints.onDegraded('the watch thread ended (killed)');
    expect(folder.sync.state().degraded).toMatchObject({ kind: 'watch-broken' });
    hints.onDegraded(null);
    expect(folder.sync.state().degraded).toBeNull();
  });

  it('is stood in for by scans every 15 s, the first of them at once after that time', async () => {
    const { scansWithin, hints } = await settled();
    expect(await scansWithin(50_000)).toBe(0);
    hints.onDegraded(REASON);
    expect(await scansWithin(16_000)).toBe(1);
    expect(await scansWithin(60_000)).toBeGreaterThanOrEqual(3);
  });

  it('a file that no hint told of is found', async () => {
    const { folder, scansWithin, hints } = await settled();
    hints.onDegraded(REASON);
    folder.write('b.txt');
    await scansWithin(16_000);
    expect(folder.outbox.repos.files.get('drop', '', 'b.txt')).not.toBeNull();
  });

  it('a watch that sees again has scans as seldom as before', async () => {
    const { scansWithin, hints } = await settled();
    hints.onDegraded(REASON);
    await scansWithin(16_000);
    hints.onDegraded(null);
    await scansWithin(16_000);
    expect(await scansWithin(50_000)).toBe(0);
  });
});

describe('P2, P11: a look that breaks', () => {
  it('once is done again; again and again it is told, until one goes well', async () => {
    const folder = new WatchedFolder({ mode: 'drop' });
    folder.write('a.txt');
    const scan = folder.tree.scan.bind(folder.tree);
    let breaks = 1;
    folder.tree.scan = (...args) => {
      breaks -= 1;
      return breaks >= 0 ? Promise.reject(new Error('the scan thread ended')) : scan(...args);
    };
    await folder.start();
    expect(folder.sync.state().degraded).toBeNull();
    await folder.wait(60_000);
    expect(folder.told()).toHaveLength(1);
    breaks = 3;
    await folder.hint('');
    await folder.wait(30_000);
    expect(folder.sync.state().degraded).toEqual({ kind: 'scan-broken', reason: 'the scan thread ended' });
    await folder.wait(120_000);
    expect(folder.sync.state().degraded).toBeNull();
  });
});
