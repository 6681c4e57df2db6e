import { utilityProcess } from 'electron';
import { messagePortChannel } from '../src/protocol/message-port-transport.ts';
import { redact } from '../src/core/redact.ts';
import { SYSTEM_CALL_THREADS } from '../src/engine/system-call-threads.ts';
import type { EngineProcess } from './engine-host.ts';

export interface EngineSettings {
  /** The bundled `engine-process.js`. */
  readonly entry: string;
  readonly dataDir: string;
  readonly configFile: string;
}

/** So much of the error stream is kept for the reason why an engine refused to start, characters. */
const lastWordsLength = 2_000;

/** Starts the engine as a utility process of this app. Its output goes to the log, line by line, without secrets. */
export function forkEngine(settings: EngineSettings, onLine: (line: string) => void): EngineProcess {
  const child = utilityProcess.fork(settings.entry, ['--data', settings.dataDir, '--config', settings.configFile], {
    serviceName: 'Longshore engine',
    stdio: 'pipe',
    env: { UV_THREADPOOL_SIZE: String(SYSTEM_CALL_THREADS), ...process.env },
  });
  let lastWords = '';
  child.stdout?.on('data', (chunk: Buffer) => logLines(chunk, onLine));
  child.stderr?.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('utf8')).slice(-lastWordsLength);
    logLines(chunk, onLine);
  });
  // What was written last may still be under way when the exit is told.
  let flushed: Promise<void> = Promise.resolve();
  if (child.stderr) flushed = new Promise((resolve) => child.stderr?.once('close', resolve));
  let pid: number | undefined;
  child.once('spawn', () => {
    pid = child.pid;
  });
  return {
    get pid() {
      return child.pid ?? pid;
    },
    channel: messagePortChannel(child),
    onExit: (listener) => {
      child.once('exit', (exitCode) => {
        const told = (): void => listener(exitCode, redact(lastWords.trim()));
        void Promise.race([flushed, new Promise((resolve) => setTimeout(resolve, 200))]).then(told);
      });
    },
    kill: () => {
      if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
      else child.kill();
    },
  };
}

function logLines(chunk: Buffer, onLine: (line: string) => void): void {
  for (const line of chunk.toString('utf8').split('\n')) if (line.trim() !== '') onLine(line);
}
