/** The moments at which an engine is killed. Each names what is done to the files before, and how the moment is known. */
import type { OperationName } from '../../tools/s3/operation-name.ts';
import type { FaultRule } from '../../tools/s3/faults.ts';
import type { CrashFiles } from './crash-files.ts';

export type MomentName =
  'start' | 'plan' | 'put' | 'create' | 'part' | 'complete' | 'copy' | 'delete' | 'archive' | 'any time';

export interface Moment {
  readonly name: MomentName;
  /** How many of a round of kills are of this kind. */
  readonly share: number;
  /** The request under which the engine dies; null: by time alone. */
  readonly request: OperationName | null;
  /** Longest wait from there, or from the start, to the kill, ms. */
  readonly withinMs: number;
  /** What happens to the files before the engine starts; for `plan` once it runs. */
  prepare(files: CrashFiles): void;
}

const nothing = (): void => {};

/** Below this many files the mirrored folder gets more before one goes. */
const LEAST_MIRRORED = 12;

function goes(files: CrashFiles, how: 'move' | 'remove'): void {
  if (files.mirrored < LEAST_MIRRORED) files.add('mirror', 6);
  for (let n = 0; n < 2; n += 1) files[how]();
}

/** Beside the long queue of large files one that is begun and completed soon. */
const twoParts = (files: CrashFiles): void => {
  files.addLarge('mirror', 6 * 1024 * 1024);
};

export const MOMENTS: readonly Moment[] = [
  { name: 'start', share: 2, request: null, withinMs: 1200, prepare: nothing },
  {
    name: 'plan',
    share: 2,
    request: null,
    withinMs: 600,
    prepare: (files) => {
      files.add('drop', 20);
      files.add('mirror', 4);
      goes(files, 'move');
    },
  },
  { name: 'put', share: 2, request: 'PutObject', withinMs: 200, prepare: (files) => files.add('drop', 10) },
  { name: 'create', share: 1, request: 'CreateMultipartUpload', withinMs: 150, prepare: twoParts },
  { name: 'part', share: 5, request: 'UploadPart', withinMs: 500, prepare: nothing },
  { name: 'complete', share: 2, request: 'CompleteMultipartUpload', withinMs: 150, prepare: twoParts },
  { name: 'copy', share: 2, request: 'CopyObject', withinMs: 200, prepare: (files) => goes(files, 'move') },
  { name: 'delete', share: 2, request: 'DeleteObject', withinMs: 200, prepare: (files) => goes(files, 'remove') },
  { name: 'archive', share: 1, request: 'PutObject', withinMs: 600, prepare: (files) => files.add('inbox', 3) },
  { name: 'any time', share: 1, request: null, withinMs: 4000, prepare: nothing },
];

/** Longest time by which an effect is put off, ms. */
const LATE_MS = 120;

/**
 * What the service does to the first request of the moment's kind, which also tells that it came: a third goes its way, a
 * third comes to its effect late, and of a third the effect stands and no reply ever comes. Null where time alone decides;
 * parts are slow anyway.
 */
export function strike({ request }: Moment, fraction: number): FaultRule | null {
  if (request === null || request === 'UploadPart') return null;
  if (fraction > 2 / 3) return { operation: request, times: 1, fault: { kind: 'hang', when: 'after-effect' } };
  return { operation: request, fault: { kind: 'latency', delayMs: fraction > 1 / 3 ? LATE_MS : 0 } };
}

/** The moments of `count` kills: rounds with every kind in its share, each round in an order of its own. */
export function sequenceOfMoments(count: number, fraction: () => number): Moment[] {
  const round = MOMENTS.flatMap((moment) => Array.from({ length: moment.share }, () => moment));
  const sequence: Moment[] = [];
  while (sequence.length < count) {
    const shuffled = round.map((moment) => ({ moment, at: fraction() })).toSorted((a, b) => a.at - b.at);
    sequence.push(...shuffled.map(({ moment }) => moment));
  }
  return sequence.slice(0, count);
}
