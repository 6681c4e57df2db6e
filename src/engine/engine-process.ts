/**
 * The engine as a process of its own: Electron's utility process, or any process that talks over `process.parentPort`.
 * Exit codes as CONTRACT.md: 0 stopped, 1 unexpected, 2 configuration, 5 another engine.
 */
import { parseArgs } from 'node:util';
import { messagePortChannel, type MessagePortLike } from '../protocol/message-port-transport.ts';
import { endProcess } from './end-process.ts';
import { InvalidConfigError, startEngine, type EngineLog } from './engine.ts';
import { LockHeldError } from './take-lock.ts';

const { values } = parseArgs({ options: { data: { type: 'string' }, config: { type: 'string' } }, strict: false });

const log: EngineLog = (level, message) => {
  const line = `${message}\n`;
  if (level === 'info') process.stdout.write(line);
  else process.stderr.write(line);
};

function parentPort(): MessagePortLike | null {
  return 'parentPort' in process ? (process.parentPort as unknown as MessagePortLike) : null;
}

async function main(): Promise<number> {
  if (typeof values.data !== 'string' || typeof values.config !== 'string') {
    log('error', 'usage: engine-process --data DIR --config FILE');
    return 2;
  }
  try {
    const engine = await startEngine({ dataDir: values.data, configFile: values.config, env: process.env, log });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void engine.stop());
    const port = parentPort();
    if (port !== null) engine.serve(messagePortChannel(port));
    const { error } = await engine.ended;
    return error === null ? 0 : 1;
  } catch (error) {
    log('error', error instanceof Error ? error.message : String(error));
    if (error instanceof InvalidConfigError) return 2;
    return error instanceof LockHeldError ? 5 : 1;
  }
}

await endProcess(await main());
