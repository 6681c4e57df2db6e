import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';

/** What still comes to rest by itself does so within this time, ms. */
const REST_MS = 500;
const LOOK_MS = 20;
const SHELL = '/bin/sh';

/** Calls of the system that Node's pool of threads has under way, as `process.getActiveResourcesInfo()` names them. */
const POOLED = /^(FSReq|GetAddrInfo|GetNameInfo)/;

const threads = new Set<Worker>();
process.on('worker', (thread) => {
  threads.add(thread);
  thread.once('exit', () => threads.delete(thread));
});

/**
 * Ends this process with this exit code once its output is written, whatever hangs: `process.exit` waits for every thread, so
 * that one call to a network drive that is gone would keep the process for ever. Then the process becomes a shell that
 * does nothing but exit; where it can't, it is killed, and the exit code is lost. The caller has closed what must be closed.
 * To be imported before the first thread starts.
 */
export async function endProcess(exitCode: number): Promise<never> {
  const streams = [process.stdout, process.stderr];
  await Promise.all(streams.map((stream) => new Promise((resolve) => stream.write('', resolve))));
  const until = performance.now() + REST_MS;
  while (hangs() && performance.now() < until) await delay(LOOK_MS);
  if (hangs()) endHard(exitCode);
  return process.exit(exitCode);
}

function hangs(): boolean {
  return threads.size > 0 || process.getActiveResourcesInfo().some((name) => POOLED.test(name));
}

/** Without a word to anything that still runs in here. */
function endHard(exitCode: number): void {
  // Not in Node 20 (Electron 33), and not on Windows.
  const { execve } = process as Partial<Pick<NodeJS.Process, 'execve'>>;
  if (execve !== undefined && process.platform !== 'win32' && existsSync(SHELL))
    execve.call(process, SHELL, ['sh', '-c', `exit ${exitCode}`], {});
  process.kill(process.pid, 'SIGKILL');
}
