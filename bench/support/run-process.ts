import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { endedChildrenCpuMs, peakResidentBytes, residentBytes } from './process-usage.ts';
import type { Workspace } from './workspace.ts';

/** Between two looks at a running process's memory, ms. The kernel's own peak fills the gaps. */
const LOOK_MS = 250;
/** How long a process may take to end after SIGTERM, ms. */
const STOP_MS = 10_000;
/** Whatever takes longer hangs, ms. */
const LIMIT_MS = 15 * 60_000;

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Usage {
  /** From the start of the process to its end, ms. */
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
}

/** Nothing of the caller's own settings may reach what is measured. */
function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(AWS_|LONGSHORE_|RCLONE_|NODE_|npm_|.*_proxy$)/i.test(name),
  );
  return { ...Object.fromEntries(own), ...more };
}

export function startProcess(command: Command, outputFile: string): ChildProcess {
  const output = openSync(outputFile, 'w');
  try {
    return spawn(command.program, command.args, {
      stdio: ['ignore', output, output],
      env: cleanEnvironment(command.env),
    });
  } finally {
    closeSync(output);
  }
}

/** Ends a process with SIGTERM, or SIGKILL when that takes too long, and waits until it has gone. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
}

/**
 * Runs a command to its end and tells what it cost. No other child of this process may end meanwhile: CPU time is what
 * the system adds up for ended children. Throws when it fails, with the end of what it said.
 */
export async function measureProcess(command: Command, outputFile: string, workspace: Workspace): Promise<Usage> {
  const cpuBefore = endedChildrenCpuMs();
  const startedAt = performance.now();
  const child = startProcess(command, outputFile);
  const release = workspace.owns(() => stopProcess(child));
  let peakBytes = 0;
  const look = setInterval(() => {
    if (child.pid === undefined) return;
    peakBytes = Math.max(peakBytes, residentBytes(child.pid), peakResidentBytes(child.pid));
  }, LOOK_MS);
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  try {
    const [code] = (await once(child, 'exit')) as [number | null];
    const wallMs = performance.now() - startedAt;
    if (code !== 0) {
      const said = readFileSync(outputFile, 'utf8').slice(-2000);
      throw new Error(`${command.program} ${command.args.join(' ')} ended with ${code ?? 'a signal'}\n${said}`);
    }
    return { wallMs, cpuMs: endedChildrenCpuMs() - cpuBefore, peakBytes };
  } finally {
    clearInterval(look);
    clearTimeout(limit);
    await release();
  }
}
