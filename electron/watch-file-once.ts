import { unwatchFile, watchFile } from 'node:fs';

const lookEveryMs = 1_000;

/**
 * Calls back once, when the file is changed, made or removed. It looks once a second: editors replace files, and the
 * directory may not exist yet, which the system's own watching does not survive. Returns how to stop.
 */
export function watchFileOnce(file: string, onChange: () => void): () => void {
  const listener = (now: { mtimeMs: number; size: number; ino: number }, before: typeof now): void => {
    if (now.mtimeMs === before.mtimeMs && now.size === before.size && now.ino === before.ino) return;
    stop();
    onChange();
  };
  const stop = (): void => unwatchFile(file, listener);
  watchFile(file, { interval: lookEveryMs }, listener);
  return stop;
}
