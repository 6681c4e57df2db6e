import { join } from 'node:path';
import type { ServerKind } from '../servers/server-process.ts';
import type { BenchContext } from '../support/bench-context.ts';
import type { Figure } from '../support/figure.ts';
import { makeFile } from '../support/file-trees.ts';
import { race } from '../support/upload-race.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** Fewer, larger requests than its default of 5 MiB: what helps rclone most on a quick line. */
const RCLONE_TUNING = ['--s3-upload-cutoff', '16M', '--s3-chunk-size', '16M', '--s3-upload-concurrency', '8'];

/** One large file with checksums on, and the memory that its upload takes. */
export async function largeFile(context: BenchContext): Promise<readonly Figure[]> {
  const { largeFileBytes: bytes } = context.sizes;
  const folder = context.workspace.directory('large');
  makeFile(join(folder, 'large.bin'), bytes);
  const figures: Figure[] = [];
  const servers: readonly ServerKind[] = ['sink', 'stand-in'];
  for (const server of servers) {
    const { ours, rclone } = await race(context, { server, folder, objects: 1, bytes, rcloneTuning: RCLONE_TUNING });
    const what = `one file of ${bytes / MIB} MiB, ${server}`;
    const mibPerS = ({ wallMs }: { wallMs: number }) => (bytes / MIB / wallMs) * 1000;
    const cpuPerGib = ({ cpuMs }: { cpuMs: number }) => cpuMs / 1000 / (bytes / GIB);
    const peakMib = ({ peakBytes }: { peakBytes: number }) => peakBytes / MIB;
    const peer = (samples: readonly number[]) => ({ name: 'rclone', samples });
    const id = `large-file.${server}`;
    figures.push(
      {
        id: `${id}.rate`,
        what,
        unit: 'MiB/s',
        better: 'more',
        ours: ours.map(mibPerS),
        peer: peer(rclone.map(mibPerS)),
      },
      {
        id: `${id}.cpu`,
        what: '… CPU per GiB',
        unit: 's',
        better: 'less',
        ours: ours.map(cpuPerGib),
        peer: peer(rclone.map(cpuPerGib)),
      },
      {
        id: `${id}.memory`,
        what: '… most memory',
        unit: 'MiB',
        better: 'less',
        ours: ours.map(peakMib),
        peer: peer(rclone.map(peakMib)),
      },
    );
  }
  context.workspace.remove(folder);
  return figures;
}
