import path from 'node:path';
import log from 'electron-log/main.js';
import { LOG_LINE_FORMAT, redactParts } from '../src/observe/log-format.ts';
import { LOG_FILE_SIZE_BYTES, rotateLog } from '../src/observe/rotate-log.ts';

export interface MainLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string, error?: unknown): void;
}

/**
 * The main process' log: a file in the data directory's `logs`, and the terminal where there is one. Nothing reaches
 * either with a secret in it (P12), nothing leaves the machine. Errors that nobody caught are logged, too.
 */
export function openLog(dataDir: string): MainLog {
  log.hooks.push((message) => ({ ...message, data: redactParts(message.data) }));
  log.transports.file.resolvePathFn = () => path.join(dataDir, 'logs', 'main.log');
  log.transports.file.maxSize = LOG_FILE_SIZE_BYTES;
  log.transports.file.archiveLogFn = (file) => rotateLog(file.path);
  log.transports.file.writeOptions = { flag: 'a', mode: 0o600, encoding: 'utf8' };
  log.transports.file.format = LOG_LINE_FORMAT;
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
