import type { WatchHints, Watcher } from '../../src/core/ports.ts';
import { parentOf } from './sim-disk.ts';
import type { SimFilesOptions } from './sim-files.ts';

/** A scan under way may end first, ms. */
const OVERFLOW_SCAN_MS = 30_000;

/** Hints about the simulated disk: late, twice, or never. The scan has to find what they miss. */
export class SimWatcher implements Watcher {
  readonly #options: SimFilesOptions;

  constructor(options: SimFilesOptions) {
    this.#options = options;
  }

  watch(root: string, _ignore: readonly string[], hints: WatchHints): () => Promise<void> {
    const { disk } = this.#options;
    let watching = true;
    const told: WatchHints = {
      onDirty: (dir) => {
        if (watching) hints.onDirty(dir);
      },
      onOverflow: (reason) => {
        if (!watching) return;
        this.#expectScan(root);
        hints.onOverflow(reason);
      },
      onDegraded: (reason) => {
        if (watching) hints.onDegraded(reason);
      },
    };
    const stop = disk.onChange((path, kind) => {
      if (path !== root && !path.startsWith(`${root}/`)) return;
      const node = disk.find(path);
      const dirs = new Set([path === root ? root : parentOf(path)]);
      if (kind === 'names' && node?.bytes === null)
        for (const below of disk.directories(path)) dirs.add(below === '' ? path : `${path}/${below}`);
      for (const dir of dirs) this.#hint(dir === root ? '' : dir.slice(root.length + 1), told);
    });
    return () => {
      stop();
      watching = false;
      return Promise.resolve();
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Whatever was lost is looked for soon, not at the next turn of the clock. */
  #expectScan(root: string): void {
    const { time, life, scanned, onMissed } = this.#options;
    const sinceMs = time.elapsedMs;
    const check = () => {
      if ((scanned.get(root) ?? -1) < sinceMs) onMissed(root);
    };
    time.schedule(OVERFLOW_SCAN_MS, 'overflow check', check, life);
  }

  #hint(dir: string, hints: WatchHints): void {
    const { faults } = this.#options;
    if (faults.strikes('dropped', 'watch')) return;
    if (faults.strikes('overflow', 'watch')) {
      this.#soon(() => {
        hints.onOverflow('the queue is full');
      });
      return;
    }
    if (faults.strikes('degraded', 'watch')) {
      this.#soon(() => {
        hints.onDegraded('no watches are left');
        this.#soon(() => hints.onDegraded(null));
      });
    }
    const times = faults.strikes('duplicated', 'watch') ? 2 : 1;
    for (let time = 0; time < times; time += 1) this.#soon(() => hints.onDirty(dir));
  }

  #soon(tell: () => void): void {
    const { time, life, random, faults } = this.#options;
    const delayMs = faults.strikes('delayed', 'watch') ? random.fraction() * 5000 : random.fraction() * 20;
    if (life.alive) time.schedule(delayMs, 'hint', tell, life);
  }
}
