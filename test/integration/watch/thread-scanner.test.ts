import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ThreadScanner } from '../../../src/watch/thread-scanner.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { scanAll, scanRequest } from '../../support/scan-all.ts';
import { systemClock } from '../../support/system-clock.ts';
import { TempTree } from '../../support/temp-tree.ts';
import { until } from '../../support/until.ts';

const real = new URL('../../../src/watch/scan-worker.ts', import.meta.url);
const dying = new URL('../../support/dying-scan-worker.ts', import.meta.url);

/** The end of a pipe that somebody waits for something to come out of. */
async function otherEnd(pipe: string): Promise<number> {
  let end = -1;
  await until('a thread hangs in its call', () => {
    try {
      end = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      return false;
    }
    return true;
  });
  return end;
}

describe('ThreadScanner', () => {
  let tree: TempTree;
  const scanners: ThreadScanner[] = [];
  beforeEach(() => {
    tree = new TempTree();
  });
  afterEach(async () => {
    await Promise.all(scanners.splice(0).map((scanner) => scanner.close()));
    tree.close();
  });
  function scannerWith(workerUrl: URL): ThreadScanner {
    const scanner = new ThreadScanner({ workerUrl, clock: systemClock });
    scanners.push(scanner);
    return scanner;
  }

  it('hands over whole directories in batches of a bounded size', async () => {
    for (let dir = 0; dir < 2500; dir += 1) tree.mkdir(`d${dir % 10}/s${dir}`);
    const scanner = scannerWith(real);
    const sizes: number[] = [];
    const onBatch = (batch: readonly unknown[]) => {
      sizes.push(batch.length);
    };
    await scanner.scan(scanRequest(tree.root), onBatch, new AbortController().signal);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(2511);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
  });

  it('does not walk on while two batches wait', async () => {
    // Each top directory fills a batch of its own; the walk is depth first.
    for (let top = 0; top < 6; top += 1) for (let sub = 0; sub < 1000; sub += 1) tree.mkdir(`d${top}/s${sub}`);
    const gate = Promise.withResolvers<void>();
    const seen = new Set<string>();
    const scanner = scannerWith(real);
    const scan = scanner.scan(
      scanRequest(tree.root),
      async (batch) => {
        for (const { dir } of batch) seen.add(dir);
        await gate.promise;
      },
      new AbortController().signal,
    );
    await until('the first batch', () => seen.size > 0);
    // As long as this takes in another thread, the first would have had to walk on.
    for (let round = 0; round < 2; round += 1) await scanAll(scanner, scanRequest(tree.root));
    const walked = new Set(seen);
    // At most four batches can have been read: one being taken, one waiting, one held back and one being filled.
    const untouched = ['d0', 'd1', 'd2', 'd3', 'd4', 'd5'].filter((dir) => !walked.has(dir));
    tree.mkdir('marker');
    for (const dir of untouched) tree.mkdir(`${dir}/late`);
    gate.resolve();
    await scan;
    expect([...seen].filter((dir) => dir.endsWith('/late')).length).toBeGreaterThan(0);
    expect(seen.has('marker')).toBe(false);
  });

  it('uses one thread again for scan after scan, and several at once', async () => {
    tree.write('a', 'x');
    const scanner = scannerWith(real);
    for (let round = 0; round < 3; round += 1)
      expect((await scanAll(scanner, scanRequest(tree.root))).paths).toEqual(['a']);
    const all = await Promise.all(Array.from({ length: 10 }, () => scanAll(scanner, scanRequest(tree.root))));
    for (const { paths } of all) expect(paths).toEqual(['a']);
  });

  it('tells the CPU time', async () => {
    for (let index = 0; index < 2000; index += 1) tree.write(`f${index}`, '');
    const { summary } = await scanAll(scannerWith(real), scanRequest(tree.root));
    expect(summary.cpuMs).toBeGreaterThan(0);
    expect(summary.cpuMs).toBeLessThan(5000);
  });

  it('rejects when the thread dies, and the next scan has a new one', async () => {
    const scanner = scannerWith(dying);
    tree.write('die', 'x');
    await expect(scanAll(scanner, scanRequest(tree.root))).rejects.toMatchObject({ code: 'internal.unknown' });
    tree.rename('die', 'live');
    expect((await scanAll(scanner, scanRequest(tree.root))).paths).toEqual(['live']);
  });

  it('P10: gives up a thread that hangs when its scan is aborted, while others scan on', async () => {
    const scanner = scannerWith(dying);
    const other = new TempTree();
    other.write('f', 'x');
    tree.write('hang', 'x');
    const abort = new AbortController();
    const hanging = scanner.scan(scanRequest(tree.root), () => undefined, abort.signal);
    const rejected = expect(hanging).rejects.toThrow('too long');
    expect((await scanAll(scanner, scanRequest(other.root))).paths).toEqual(['f']);
    abort.abort(new Error('too long'));
    await rejected;
    other.close();
  });

  it('P10: scans that the file system does not answer give their places to others, say so, and end once it answers', async () => {
    const clock = new ManualClock();
    const scanner = new ThreadScanner({ workerUrl: dying, clock });
    scanners.push(scanner);
    const gone = Array.from({ length: 4 }, () => new TempTree());
    for (const { root } of gone) execFileSync('mkfifo', [`${root}/pipe`]);
    const silences: boolean[] = [];
    const heard = (isSilent: boolean) => void silences.push(isSilent);
    const signal = new AbortController().signal;
    const hanging = gone.map(({ root }) => scanner.scan(scanRequest(root), () => undefined, signal, heard));
    const ends = await Promise.all(gone.map(({ root }) => otherEnd(`${root}/pipe`)));
    tree.write('f', 'x');
    const healthy = scanAll(scanner, scanRequest(tree.root));
    clock.advance(10_000);
    expect((await healthy).paths).toEqual(['f']);
    expect(silences).toEqual([]);
    clock.advance(60_000);
    expect(silences).toEqual([true, true, true, true]);
    for (const end of ends) closeSync(end);
    for (const summary of await Promise.all(hanging)) expect(summary.root).toEqual({ kind: 'healthy' });
    for (const each of gone) each.close();
  });

  it('rejects a scan that waits for its turn when it is aborted', async () => {
    tree.write('a', 'x');
    const scanner = scannerWith(real);
    const gate = Promise.withResolvers<void>();
    const signal = new AbortController().signal;
    const busy = Array.from({ length: 4 }, () => scanner.scan(scanRequest(tree.root), () => gate.promise, signal));
    const abort = new AbortController();
    const waiting = scanner.scan(scanRequest(tree.root), () => undefined, abort.signal);
    const reason = new Error('no longer');
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    gate.resolve();
    await Promise.all(busy);
    expect((await scanAll(scanner, scanRequest(tree.root))).paths).toEqual(['a']);
  });

  it('ends running and waiting scans when it is closed', async () => {
    tree.write('a', 'x');
    const scanner = scannerWith(real);
    const started = Promise.withResolvers<void>();
    const onBatch = () => {
      started.resolve();
      return new Promise<void>(() => undefined);
    };
    const signal = new AbortController().signal;
    const scans = Array.from({ length: 6 }, () => scanner.scan(scanRequest(tree.root), onBatch, signal));
    const settled = Promise.allSettled(scans);
    await started.promise;
    await scanner.close();
    for (const each of await settled)
      expect(each).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
  });

  it('refuses to leave its root', async () => {
    const under = [{ dir: '../elsewhere', below: true }];
    await expect(scanAll(scannerWith(real), scanRequest(tree.root, { under }))).rejects.toThrow('below its root');
  });
});
