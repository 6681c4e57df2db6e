import { join } from 'node:path';
import { rcloneCopy } from '../peers/rclone.ts';
import { requireTaken, startServer, type ServerKind } from '../servers/server-process.ts';
import type { BenchContext } from './bench-context.ts';
import { Installation } from './engine.ts';
import { measureProcess, type Usage } from './run-process.ts';

export interface Race {
  readonly server: ServerKind;
  readonly folder: string;
  readonly objects: number;
  readonly bytes: number;
  readonly concurrency?: number;
  readonly rcloneTuning?: readonly string[];
}

export interface RaceResult {
  readonly ours: readonly Usage[];
  readonly rclone: readonly Usage[];
}

/** Cold uploads of one folder, in turn by the engine (`run --once`) and by rclone, each to a fresh server. */
export async function race(context: BenchContext, race: Race): Promise<RaceResult> {
  const { workspace } = context;
  const ours: Usage[] = [];
  const rclone: Usage[] = [];
  for (let run = 1; run <= context.runs; run += 1) {
    ours.push(
      await onFreshServer(context, race, async (endpoint) => {
        const { folder, concurrency } = race;
        const setup = {
          context,
          folder,
          endpoint,
          ...(concurrency === undefined ? {} : { concurrency }),
        };
        const installation = new Installation(setup);
        const usage = await installation.runOnce();
        installation.remove();
        return usage;
      }),
    );
    rclone.push(
      await onFreshServer(context, race, (endpoint) => {
        const output = join(workspace.root, 'rclone.log');
        return measureProcess(rcloneCopy(race.folder, endpoint, race.rcloneTuning), output, workspace);
      }),
    );
    const seconds = (usage: Usage | undefined) => ((usage?.wallMs ?? 0) / 1000).toFixed(2);
    context.say(`${race.server}, run ${run}: Longshore ${seconds(ours.at(-1))} s, rclone ${seconds(rclone.at(-1))} s`);
  }
  return { ours, rclone };
}

async function onFreshServer(
  { workspace }: BenchContext,
  { server, objects, bytes }: Race,
  upload: (endpoint: string) => Promise<Usage>,
): Promise<Usage> {
  const running = await startServer(server, workspace);
  try {
    const usage = await upload(running.endpoint);
    await requireTaken(running, objects, bytes);
    return usage;
  } finally {
    await running.close();
  }
}
