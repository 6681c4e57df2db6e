import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One directory for everything a run makes, and what is to be stopped before it goes. */
export class Workspace {
  readonly root: string;
  readonly #stops = new Set<() => Promise<void>>();
  #named = 0;

  constructor(parent: string | null) {
    this.root = mkdtempSync(join(parent ?? tmpdir(), 'longshore-bench-'));
  }

  /** A new empty directory. */
  directory(name: string): string {
    this.#named += 1;
    const path = join(this.root, `${this.#named}-${name}`);
    mkdirSync(path);
    return path;
  }

  remove(path: string): void {
    rmSync(path, { recursive: true, force: true });
  }

  /** `stop` is called when the workspace closes, unless what is returned was called before: that does it now. */
  owns(stop: () => Promise<void>): () => Promise<void> {
    const once = async () => {
      if (this.#stops.delete(once)) await stop();
    };
    this.#stops.add(once);
    return once;
  }

  /** Stops what still runs, newest first, and removes all files. */
  async close(): Promise<void> {
    for (const stop of [...this.#stops].reverse()) {
      await stop().catch((error: unknown) => {
        console.error('bench: not everything could be stopped:', error);
      });
    }
    this.remove(this.root);
  }
}
