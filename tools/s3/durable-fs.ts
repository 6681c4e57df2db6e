import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Writes that are whole or absent after a crash; with `fsync` off they survive a killed process, not a power cut. */
export interface DurableFs {
  readonly fsync: boolean;
  /** Makes a directory (and its parents) once, and its entry durable. */
  ensureDirectory(path: string): Promise<void>;
  /** Forgets what `ensureDirectory` knows under `path` and removes it all. */
  removeDirectory(path: string): Promise<void>;
  /** Replaces `path` at once; the change is durable when this returns. */
  writeFileAtomic(path: string, text: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  /** Makes the entries of a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

export function durableFs(options: { temporaryDirectory: string; fsync: boolean }): DurableFs {
  const { temporaryDirectory, fsync } = options;
  const known = new Set<string>();

  async function syncDirectory(path: string): Promise<void> {
    if (!fsync) return;
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async function ensureDirectory(path: string): Promise<void> {
    if (known.has(path)) return;
    const made = await mkdir(path, { recursive: true });
    if (made !== undefined) await syncDirectory(dirname(made));
    known.add(path);
  }

  return {
    fsync,
    syncDirectory,
    ensureDirectory,
    async removeDirectory(path) {
      for (const entry of known) if (entry === path || entry.startsWith(`${path}/`)) known.delete(entry);
      await rm(path, { recursive: true, force: true });
      await syncDirectory(dirname(path));
    },
    async writeFileAtomic(path, text) {
      const temporary = join(temporaryDirectory, randomUUID());
      const handle = await open(temporary, 'wx', 0o600);
      try {
        await handle.writeFile(text);
        if (fsync) await handle.sync();
      } finally {
        await handle.close();
      }
      await ensureDirectory(dirname(path));
      await rename(temporary, path);
      await syncDirectory(dirname(path));
    },
    async removeFile(path) {
      await rm(path, { force: true });
      await syncDirectory(dirname(path));
    },
  };
}
