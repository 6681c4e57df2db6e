import { join, resolve } from 'node:path';
import { readEngineFile } from '../protocol/engine-file.ts';
import { RpcDeadlineExceeded, RpcDisconnected } from '../protocol/rpc-errors.ts';
import type { StatusView } from '../protocol/shapes.ts';
import type { CommandContext } from './command-context.ts';
import { CliError } from './exit-codes.ts';

/** How the engine of this data directory fares; null when none runs, or none that answers. */
export async function runningStatus(context: CommandContext): Promise<StatusView | null> {
  if (readEngineFile(context.dataDir) === null) return null;
  try {
    return await context.withSession('engine', ({ client }) => client.call('status', {}));
  } catch (error) {
    // It went between two looks: what a look from outside finds is told all the same.
    if (error instanceof CliError || error instanceof RpcDisconnected || error instanceof RpcDeadlineExceeded)
      return null;
    throw error;
  }
}

/** That the engine works with another configuration than the one asked about, and how to ask about that; null if not so. */
export function otherConfiguration(status: StatusView | null, context: CommandContext, command: string): string | null {
  const file = status?.engine.configFile ?? null;
  if (file === null || resolve(file) === context.configFile) return null;
  // The demo writes its own there.
  const who = resolve(file) === join(context.dataDir, 'demo', 'config.yaml') ? 'The demo' : 'The engine';
  const words = /^[\w./:\\-]+$/.test(file) ? file : `"${file}"`;
  return `${who} that runs uses a configuration of its own. Ask about it with: longshore ${command} --config ${words}`;
}
