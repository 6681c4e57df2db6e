import type { BenchContext } from '../support/bench-context.ts';
import type { Figure } from '../support/figure.ts';
import { makeTree } from '../support/file-trees.ts';
import { race, type Race, type RaceResult } from '../support/upload-race.ts';

/** rclone runs with 32 transfers; so does the engine where its default is not what is measured. */
const SAME_BUDGET = 32;

/** Many small files, cold, through the whole engine and its durable outbox. */
export async function smallFiles(context: BenchContext): Promise<readonly Figure[]> {
  const { smallFiles: count, smallFileBytes } = context.sizes;
  const folder = context.workspace.directory('small');
  makeTree(folder, count, smallFileBytes);
  const common = { folder, objects: count, bytes: count * smallFileBytes };
  const races: readonly (readonly [string, string, Race])[] = [
    ['sink', 'sink, defaults', { ...common, server: 'sink' }],
    ['sink-32', `sink, ${SAME_BUDGET} at once`, { ...common, server: 'sink', concurrency: SAME_BUDGET }],
    ['stand-in', 'stand-in, defaults', { ...common, server: 'stand-in' }],
  ];
  const figures: Figure[] = [];
  for (const [id, words, terms] of races) {
    figures.push(...figuresOf(id, words, count, smallFileBytes, await race(context, terms)));
  }
  context.workspace.remove(folder);
  return figures;
}

function figuresOf(id: string, words: string, count: number, bytes: number, result: RaceResult): Figure[] {
  const what = `${count.toLocaleString('en')} files of ${bytes / 1024} KiB, cold, ${words}`;
  return [
    {
      id: `small-files.${id}.rate`,
      what,
      unit: 'files/s',
      better: 'more',
      ours: result.ours.map(({ wallMs }) => (count / wallMs) * 1000),
      peer: { name: 'rclone', samples: result.rclone.map(({ wallMs }) => (count / wallMs) * 1000) },
    },
    {
      id: `small-files.${id}.cpu`,
      what: `… CPU per file`,
      unit: 'ms',
      better: 'less',
      ours: result.ours.map(({ cpuMs }) => cpuMs / count),
      peer: { name: 'rclone', samples: result.rclone.map(({ cpuMs }) => cpuMs / count) },
    },
  ];
}
