import { setTimeout as delay } from 'node:timers/promises';
import { RpcClient } from '../../protocol/rpc-client.ts';
import { RpcDisconnected } from '../../protocol/rpc-errors.ts';
import type { OperationView } from '../../protocol/shapes.ts';
import { attentionLines } from '../attention.ts';
import type { CommandContext } from '../command-context.ts';
import type { HeadlessEngine } from '../engine-access.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { follow, type Following } from '../follow.ts';
import { formatCount } from '../format.ts';
import { printable } from '../printable.ts';
import { startLines } from '../start-lines.ts';
import type { RegisterCommands } from './register.ts';

/** CONTRACT.md gives 5 s from the signal to the end; what is left then stands at its checkpoint in the database. */
const STOP_MS = 4500;
/** Terminal, npm and a supervisor often all send the same signal: within this time it is one, ms. */
const SAME_SIGNAL_MS = 1000;

interface RunOptions {
  readonly once?: boolean;
}

export const registerRun: RegisterCommands = (program, act) => {
  program
    .command('run')
    .description('the engine in the foreground, until Ctrl-C')
    .option('--once', 'scan, send everything, and stop; exit 3 when something is left')
    .action((options: RunOptions, command) => act(command, (context) => run(context, options.once === true)));
};

async function run(context: CommandContext, once: boolean): Promise<ExitCode> {
  const { io, output } = context;
  const signalled = Promise.withResolvers<NodeJS.Signals>();
  let firstAt: number | null = null;
  const secondSignal = Promise.withResolvers<void>();
  const stopSignals = io.onSignal((signal) => {
    const now = performance.now();
    if (firstAt === null) {
      firstAt = now;
      signalled.resolve(signal);
    } else if (now - firstAt > SAME_SIGNAL_MS) secondSignal.resolve();
  });
  try {
    const engine = await context.access.startHeadlessEngine({
      configFile: context.configFile,
      dataDir: context.dataDir,
      env: io.env,
      once,
      log: (level, message) => {
        if (output.isJson && level === 'info') return;
        // The problems of a configuration are several lines.
        for (const line of message.split('\n')) output.remark(printable(line));
      },
    });
    const view = await startView(engine, context, once);
    const first = await Promise.race([
      signalled.promise.then((signal) => ({ how: 'signal', signal }) as const),
      engine.stopped.then((end) => ({ how: 'stopped', end }) as const),
    ]);
    if (first.how === 'signal') {
      const stopping = engine.stop(first.signal).then(() => 'stopped' as const);
      const late = Promise.race([
        delay(STOP_MS, 'late' as const, { ref: false }),
        secondSignal.promise.then(() => 'late' as const),
      ]);
      const outcome = await Promise.race([stopping, late]);
      await view?.close();
      if (!output.isJson) {
        output.remark(
          outcome === 'late'
            ? 'Stopped before every transfer had come to rest; they go on at the next start.'
            : 'Stopped. What is not done goes on at the next start.',
        );
      }
      return EXIT.fine;
    }
    await view?.close();
    const { exitCode, attention } = first.end;
    if (once) tellEnd(context, exitCode, attention);
    return knownExit(exitCode);
  } finally {
    stopSignals();
  }
}

/** The live view runs beside the engine: its trouble is told, and never ends the engine. */
async function startView(engine: HeadlessEngine, context: CommandContext, once: boolean): Promise<Following | null> {
  const client = new RpcClient(engine.attach());
  const tell = (error: unknown) => {
    if (error instanceof RpcDisconnected) return;
    context.output.remark(`The live view stopped: ${error instanceof Error ? error.message : String(error)}`);
  };
  try {
    const following = await Promise.race([
      startFollowing(client, context, once),
      // An engine that ends at once has nothing to show.
      engine.stopped.then(() => null),
    ]);
    following?.failed.catch(tell);
    return following;
  } catch (error) {
    tell(error);
    return null;
  }
}

async function startFollowing(client: RpcClient, context: CommandContext, once: boolean): Promise<Following> {
  const { output } = context;
  if (!output.isJson) for (const line of startLines(await client.call('status', {}), once)) output.remark(line);
  return follow(client, context);
}

function tellEnd({ output, io }: CommandContext, exitCode: number, attention: readonly OperationView[]): void {
  if (output.isJson) {
    output.record({ type: 'run.finished', exitCode, attention });
    return;
  }
  if (exitCode === EXIT.fine) {
    output.text(output.style('good', 'Everything is sent.'));
    return;
  }
  output.text(
    output.style(
      'bad',
      attention.length === 0
        ? 'Not everything could be done.'
        : `${formatCount(attention.length, 'item needs', 'items need')} attention:`,
    ),
  );
  if (attention.length > 0) output.text(...attentionLines(attention, output.style, io.now()));
}

function knownExit(exitCode: number): ExitCode {
  return Object.values(EXIT).find((known) => known === exitCode) ?? EXIT.unexpected;
}
