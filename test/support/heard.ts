import type { WatchHints } from '../../src/core/ports.ts';

/** Keeps what a watcher said. */
export class Heard implements WatchHints {
  dirty: string[] = [];
  overflows: string[] = [];
  degraded: (string | null)[] = [];
  /** The overflows without those that a busy machine may add at any time. */
  calm = () => this.overflows.filter((reason) => reason !== 'stalled');
  starts = () => this.overflows.filter((reason) => reason === 'started').length;
  onDirty = (dir: string) => {
    this.dirty.push(dir);
  };
  onOverflow = (reason: string) => {
    this.overflows.push(reason);
  };
  onDegraded = (reason: string | null) => {
    this.degraded.push(reason);
  };
}
