import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** npm and the terminal often both send the same signal; within this time it is one. */
const sameSignalMs = 1000;
const parentCheckMs = 250;

/**
 * Runs a command in this process's place: same terminal, signals passed on, its exit code for ours (128 + n if it was
 * ended by signal n).
 */
export async function runChild(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  const lastAt = new Map();
  const forward = (signal) => {
    const now = Date.now();
    const repeated = now - (lastAt.get(signal) ?? 0) < sameSignalMs;
    const first = !lastAt.has(signal);
    lastAt.set(signal, now);
    // From a terminal, Ctrl-C reaches the child by itself.
    const reachesChild = signal === 'SIGINT' && first && process.stdin.isTTY;
    if (!repeated && !reachesChild) child.kill(signal);
  };
  for (const signal of forwardedSignals) process.on(signal, forward);
  // npm passes a signal to the shell that it started us with, which dies of it and tells us nothing. That we were handed
  // to another parent is all that there is to see.
  const parent = process.ppid;
  const underNpm = process.env.npm_lifecycle_event !== undefined && process.platform !== 'win32';
  const parentWatch = setInterval(() => {
    if (!underNpm || process.ppid === parent) return;
    clearInterval(parentWatch);
    forward('SIGTERM');
  }, parentCheckMs);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
    });
  } finally {
    clearInterval(parentWatch);
    for (const signal of forwardedSignals) process.removeListener(signal, forward);
  }
}
