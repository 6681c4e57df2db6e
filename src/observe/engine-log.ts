import { join } from 'node:path';
import log from 'electron-log/node.js';
import { LOG_LINE_FORMAT, redactParts } from './log-format.ts';
import { LOG_FILE_SIZE_BYTES, rotateLog } from './rotate-log.ts';

export type LogLevel = 'info' | 'warn' | 'error';

/** The engine's log: `logs/engine.log` in the data directory (0600), rotated, without secrets. Writes at once. */
export function openEngineLog(dataDir: string): (level: LogLevel, message: string) => void {
  const logger = log.create({ logId: `engine:${dataDir}` });
  logger.hooks.push((message) => ({ ...message, data: redactParts(message.data) }));
  logger.transports.file.resolvePathFn = () => join(dataDir, 'logs', 'engine.log');
  logger.transports.file.maxSize = LOG_FILE_SIZE_BYTES;
  logger.transports.file.archiveLogFn = (file) => {
    rotateLog(file.path);
  };
  logger.transports.file.writeOptions = { flag: 'a', mode: 0o600, encoding: 'utf8' };
  logger.transports.file.format = LOG_LINE_FORMAT;
  logger.transports.file.level = 'info';
  logger.transports.console.level = false;
  return (level, message) => {
    logger[level](message);
  };
}
