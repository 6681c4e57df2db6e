import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TempTree } from '../../support/temp-tree.ts';
import { until } from '../../support/until.ts';

const child = fileURLToPath(new URL('../../support/watch-child.ts', import.meta.url));
const DIRECTORIES = 60;

/**
 * Linux counts watches for each user namespace, too: in one of its own a process meets a real limit, and the rest of the
 * machine does not notice.
 */
function watchUnderLimit(root: string, limit: string, leanAbove: number) {
  const [name, value] = limit.split('=');
  const script = `echo ${value} > /proc/sys/user/${name} && exec "$@"`;
  const command = [process.execPath, child, root, String(leanAbove)];
  const started: ChildProcess = spawn('unshare', ['--user', '--map-root-user', 'sh', '-c', script, 'sh', ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const hints: Record<string, string | null>[] = [];
  if (started.stdout !== null) {
    createInterface({ input: started.stdout }).on('line', (line) => {
      hints.push(JSON.parse(line) as Record<string, string | null>);
    });
  }
  const of = (kind: string) => hints.flatMap((hint) => (kind in hint ? [hint[kind]] : []));
  const stop = async () => {
    if (started.exitCode !== null) return;
    const gone = once(started, 'exit');
    started.stdin?.end();
    await gone;
  };
  return { of, stop };
}

/** Some machines forbid user namespaces to everybody (a hardened kernel, a container): nothing can be limited there. */
const canLimit =
  process.platform === 'linux' &&
  spawnSync('unshare', ['--user', '--map-root-user', 'sh', '-c', 'test -w /proc/sys/user/max_inotify_watches'])
    .status === 0;

describe.runIf(canLimit)('P2, P11: the limits that the system sets to watching', () => {
  let tree: TempTree;
  let stop = () => Promise.resolve();
  beforeEach(() => {
    tree = new TempTree();
    for (let index = 0; index < DIRECTORIES; index += 1) tree.write(`d${index}/a`, 'x');
  });
  afterEach(async () => {
    await stop();
    tree.close();
  });

  it.each([
    ['chokidar', 'max_inotify_watches=20', 1_000_000, /max_user_watches/],
    ['the lean watch', 'max_inotify_watches=20', 0, /max_user_watches/],
    ['chokidar', 'max_inotify_instances=0', 1_000_000, /max_user_instances/],
    ['the lean watch', 'max_inotify_instances=0', 0, /max_user_instances/],
  ])('%s under %s says so, and a scan is asked for all the same', async (_what, limit, leanAbove, words) => {
    const watch = watchUnderLimit(tree.root, limit, leanAbove);
    stop = watch.stop;
    await until('the limit is told', () => watch.of('degraded').length > 0);
    expect(watch.of('degraded')[0]).toMatch(words);
    await until('a scan is asked for', () => watch.of('overflow').includes('started'));
  });

  it('below the limit nothing is said', async () => {
    const watch = watchUnderLimit(tree.root, 'max_inotify_watches=1000', 0);
    stop = watch.stop;
    await until('the watch is ready', () => watch.of('overflow').includes('started'));
    tree.write('d1/b', 'x');
    await until('a hint', () => watch.of('dirty').includes('d1'));
    expect(watch.of('degraded')).toEqual([]);
  });
});
