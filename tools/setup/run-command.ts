import { spawn } from 'node:child_process';

/** How much of a command's output is kept for its error message, in characters. */
const outputLimitChars = 64 * 1024;

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `inherit` shows the output as it comes; `capture` (the default) keeps its end. */
  readonly output?: 'inherit' | 'capture';
  /** The command is killed when it runs longer. */
  readonly timeoutMs?: number;
}

export interface CommandResult {
  /** 128 + the signal's usual number is not used here: a command ended by a signal has `null`. */
  readonly exitCode: number | null;
  /** Standard output and error together, the last 64 Ki characters; empty with `inherit`. */
  readonly output: string;
}

/** Runs a command and gives its exit code, whatever it is. Rejects only when it can't be started. */
export async function tryCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const capture = options.output !== 'inherit';
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: capture ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    timeout: options.timeoutMs,
    // npm and the like are batch files on Windows, which only a shell can run.
    shell: process.platform === 'win32' && !command.endsWith('.exe'),
  });
  let output = '';
  const keep = (chunk: string): void => {
    output = (output + chunk).slice(-outputLimitChars);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}

/** Runs a command that must succeed and gives its output. The error names the command and the end of what it said. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { exitCode, output } = await tryCommand(command, args, options);
  if (exitCode !== 0) {
    const tail = output.trim().split('\n').slice(-15).join('\n');
    throw new Error(`${[command, ...args].join(' ')} ended with ${exitCode ?? 'a signal'}\n${tail}`);
  }
  return output;
}

/** Whether a command of that name can be started from PATH. */
export async function commandExists(name: string): Promise<boolean> {
  const finder = process.platform === 'win32' ? 'where' : 'which';
  return tryCommand(finder, [name]).then(
    ({ exitCode }) => exitCode === 0,
    () => false,
  );
}
