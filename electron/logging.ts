import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import log from 'electron-log/main.js';
import { redact, redactData } from '../src/observe/redact.ts';

const fileSizeBytes = 2 * 1024 * 1024;
/** `main.log` and so many older ones, `main.1.log` the youngest. */
const olderFiles = 4;

export interface MainLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string, error?: unknown): void;
}

/** Makes room: the oldest goes, each of the others becomes one older. */
function rotate(file: string): void {
  const { dir, name, ext } = path.parse(file);
  const older = (count: number): string => path.join(dir, `${name}.${count}${ext}`);
  rmSync(older(olderFiles), { force: true });
  for (let count = olderFiles - 1; count >= 0; count -= 1) {
    try {
      renameSync(count === 0 ? file : older(count), older(count + 1));
    } catch {
      // There are not that many yet. A file that can't be renamed grows on: better than losing what it holds.
    }
  }
}

/**
 * The main process' log: a file in the data directory's `logs`, and the terminal where there is one. Nothing reaches
 * either with a secret in it (P12), nothing leaves the machine. Errors that nobody caught are logged, too.
 */
export function openLog(dataDir: string): MainLog {
  log.hooks.push((message) => ({
    ...message,
    data: message.data.map((part: unknown) => (typeof part === 'string' ? redact(part) : redactData(part))),
  }));
  log.transports.file.resolvePathFn = () => path.join(dataDir, 'logs', 'main.log');
  log.transports.file.maxSize = fileSizeBytes;
  log.transports.file.archiveLogFn = (file) => rotate(file.path);
  log.transports.file.writeOptions = { flag: 'a', mode: 0o600, encoding: 'utf8' };
  log.transports.file.format = '{y}-{m}-{d}T{h}:{i}:{s}.{ms}{z} {level} {text}';
  log.transports.file.level = 'info';
  log.transports.console.level = 'warn';
  log.transports.ipc.level = false;
  log.transports.remote.level = false;
  log.errorHandler.startCatching({ showDialog: false });
  return {
    info: (message) => log.info(message),
    warn: (message) => log.warn(message),
    error: (message, error) => (error === undefined ? log.error(message) : log.error(message, error)),
  };
}
