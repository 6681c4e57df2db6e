import type { Channel } from '../protocol/channel.ts';
import type { OperationView } from '../protocol/shapes.ts';
import { DatabaseError } from '../db/database-error.ts';
import { startEngine, type Engine, type EngineLog } from './engine.ts';
import { brokenFolders, drain, frozenFolders, isPaused } from './drain.ts';
import { massDeletes } from './folder-decisions.ts';
import { whyMachineHolds } from './gate-words.ts';
import { diskFacts } from './gates-view.ts';

export interface HeadlessOptions {
  readonly configFile: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Scan, drain, then stop by itself. */
  readonly once: boolean;
  readonly log: EngineLog;
}

export interface HeadlessEngine {
  readonly ready: Promise<void>;
  attach(): Channel;
  readonly stopped: Promise<{ readonly exitCode: number; readonly attention: readonly OperationView[] }>;
  stop(reason: string): Promise<void>;
}

/** The engine in this process, for the command line. Rejects with LockHeldError or InvalidConfigError. */
export async function startHeadlessEngine(options: HeadlessOptions): Promise<HeadlessEngine> {
  const engine = await startEngine(options);
  const drained = options.once ? drain(engine) : null;
  return {
    ready: Promise.resolve(),
    attach: () => engine.attach(),
    stopped: drained === null ? ended(engine) : endedOnce(engine, drained, options),
    stop: () => engine.stop(),
  };
}

async function ended(engine: Engine): Promise<{ exitCode: number; attention: readonly OperationView[] }> {
  const { error } = await engine.ended;
  if (error instanceof DatabaseError) throw error;
  return { exitCode: error === null ? 0 : 1, attention: [] };
}

/** What remains decides: nothing, exit 0; else its list, and 3. A signal in between ends it as any run: with 0. */
async function endedOnce(
  engine: Engine,
  drained: Promise<readonly OperationView[]>,
  options: Pick<HeadlessOptions, 'log'>,
): Promise<{ exitCode: number; attention: readonly OperationView[] }> {
  const attention = await Promise.race([drained, engine.ended.then(() => null)]);
  const paused = isPaused(engine.core(), Date.now());
  const frozen = frozenFolders(engine.core());
  for (const { name, error } of frozen) options.log('warn', `Folder ${name}: ${error.message} ${error.hint}`);
  const broken = brokenFolders(engine.core());
  for (const { name, reason } of broken)
    options.log(
      'warn',
      `Folder ${name}: looking through it fails again and again, so that changes may not be found: ${reason}`,
    );
  const asking = massDeletes(engine.core());
  for (const { folder, count, of } of asking) {
    options.log(
      'warn',
      `Folder ${folder}: ${count} of ${of} files are gone at once. Nothing is deleted in the storage before you decide: longshore deletes ${folder} --allow, or --keep.`,
    );
  }
  const full = engine.core().gates.diskFull;
  if (full) options.log('warn', whyMachineHolds('disk-low', diskFacts(engine.core())));
  await engine.stop();
  const end = await ended(engine);
  if (attention === null || end.exitCode !== 0) return end;
  const undone = attention.length > 0 || paused || full || frozen.length + broken.length > 0 || asking.length > 0;
  return { exitCode: undone ? 3 : 0, attention };
}
