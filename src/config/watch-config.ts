import { unwatchFile, watch, watchFile } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

import type { ConfigResult } from './load-config.ts';

export interface ConfigWatchOptions {
  readonly file: string;
  /** Reads the file anew, usually `() => loadConfigFile(file, context)`. */
  load(): ConfigResult;
  /** What the caller runs on now, so that a change between its reading and this call is noticed. */
  readonly current: ConfigResult;
  /** The file changed and reads as `result` now; a broken or missing file is a result like any other. */
  onChange(result: ConfigResult): void;
  /** Quiet time after the last sign of a change, in ms. */
  readonly debounceMs?: number;
  /** How often the file itself is looked at, in ms: what finds changes whose events are lost or never sent. */
  readonly intervalMs?: number;
}

/** Editors write in several steps (truncate, write, rename); this outlasts them and is not felt. */
const DEBOUNCE_MS = 200;
/** One stat; network drives and linked files send no events for their directory. */
const INTERVAL_MS = 2000;

/**
 * Watches one configuration file until closed. Events of its directory give speed (and survive a rename over the file,
 * which replaces the inode); a stat at an interval gives certainty. Only a change of content counts. Keeps no process alive.
 */
export function watchConfig(options: ConfigWatchOptions): { close(): void } {
  const { debounceMs = DEBOUNCE_MS, intervalMs = INTERVAL_MS } = options;
  const file = resolve(options.file);
  let known = identity(options.current);
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const look = () => {
    timer = undefined;
    const result = options.load();
    const now = identity(result);
    if (isClosed || now === known) return;
    known = now;
    options.onChange(result);
  };
  const suspect = () => {
    if (isClosed) return;
    clearTimeout(timer);
    timer = setTimeout(look, debounceMs);
    timer.unref();
  };

  const watcher = watchDirectory(file, suspect);
  watchFile(file, { interval: intervalMs, persistent: false }, suspect);
  suspect();
  return {
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      watcher?.close();
      unwatchFile(file, suspect);
    },
  };
}

/** Null where the directory can't be watched (missing, no inotify watches left): then the interval alone does it. */
function watchDirectory(file: string, suspect: () => void): FSWatcher | null {
  try {
    const name = basename(file);
    const watcher = watch(dirname(file), { persistent: false }, (_event, changed) => {
      if (changed === null || changed === name) suspect();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}

/** Equal for results that say the same: the same bytes, or the same trouble with reading them. */
function identity(result: ConfigResult): string {
  if (result.source.digest !== null) return result.source.digest;
  return result.ok ? 'unread' : JSON.stringify(result.problems.map(({ message }) => message));
}
