/** What a crash campaign comes down to: the figures that the tests judge, and the table that a person reads. */
import { TRANSFERS, type CampaignResult } from './crash-campaign.ts';
import { MOMENTS } from './crash-moments.ts';
import { MIB, PART_BYTES } from './engine-harness.ts';

/** What the wire may carry twice: the parts in flight at each death, and a little for what frames them. */
const SLACK = 1.05;

export interface CrashFigures {
  readonly kills: number;
  readonly files: number;
  readonly objects: number;
  /** Keys whose object is not the last state of its file, or is there though the file has gone, or the other way round. */
  readonly mismatches: readonly string[];
  /** Keys that got a state twice, were deleted twice, or have an object of no file. */
  readonly duplicates: readonly string[];
  readonly leakedUploads: number;
  /** Large and small files that were never edited, on the throttled line: what of them went over the wire, and their size. */
  readonly wireBytes: number;
  readonly sizeBytes: number;
  /** Kills × concurrency × part size × 1.05: the most that may go twice. */
  readonly boundBytes: number;
}

export function unedited({ states }: CampaignResult): string[] {
  return [...states].filter(([key, all]) => key.startsWith('drop/') && all.length === 1).map(([key]) => key);
}

export function crashFigures(result: CampaignResult): CrashFigures {
  const { states, past, gone, sizes } = result;
  const keys = new Set(unedited(result));
  const wireBytes = result.requests
    .filter(({ operation, key }) => (operation === 'UploadPart' || operation === 'PutObject') && keys.has(key ?? ''))
    .reduce((sum, { requestBodyBytes }) => sum + requestBodyBytes, 0);
  const kills = result.kills.length + result.earlyKills;
  const isThere = (key: string) => past.get(key)?.isGone === false;
  return {
    kills,
    files: states.size - gone.size,
    objects: [...past.keys()].filter(isThere).length,
    mismatches: [...states.keys()].filter((key) =>
      gone.has(key) ? isThere(key) : !isThere(key) || past.get(key)?.versions.at(-1) !== states.get(key)?.at(-1),
    ),
    duplicates: [...past].flatMap(([key, { versions, deletes }]) =>
      new Set(versions).size < versions.length || deletes > 1 || !states.has(key) ? [key] : [],
    ),
    leakedUploads: result.openUploads,
    wireBytes,
    sizeBytes: [...keys].reduce((sum, key) => sum + (sizes.get(key) ?? 0), 0),
    boundBytes: kills * TRANSFERS * PART_BYTES * SLACK,
  };
}

/** What a person needs to understand what became of a key: its past, its operations, and the requests for it. */
export function storyOf(result: CampaignResult, key: string): string {
  const { versions = [], deletes = 0, isGone = false } = result.past.get(key) ?? {};
  const operations = result.operations.filter(
    ({ resourceKey, path, folder }) => resourceKey?.endsWith(key) === true || `${folder}/${path}` === key,
  );
  return [
    `${key}: versions ${versions.map((hash) => hash.slice(0, 6)).join(' ')}, ${deletes} × deleted${isGone ? ', gone' : ''}`,
    `states ${(result.states.get(key) ?? []).map((hash) => hash.slice(0, 6)).join(' ')}${result.gone.has(key) ? ', gone' : ''}`,
    ...operations.map(({ id, kind, state, attempts, createdAt, completedAt }) =>
      [kind, id, state, `${attempts} attempts`, createdAt, completedAt].join(' '),
    ),
    ...result.requests
      .filter((request) => request.key === key)
      .map(({ atMs, operation, status }) => `${new Date(atMs).toISOString()} ${operation} ${status ?? 'no reply'}`),
  ].join('\n');
}

/** Markdown, to be pasted. */
export function crashTable(title: string, result: CampaignResult, seconds: number): string {
  const figures = crashFigures(result);
  const mebibytes = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
  const wire = result.requests.length > 0;
  const faults = Object.entries(result.lineFaults).map(([kind, count]) => `${count} × ${kind}`);
  const rows: readonly (readonly [string, string | number])[] = [
    ['kills', figures.kills],
    ['files', figures.files],
    ['objects', figures.objects],
    ['mismatches', figures.mismatches.length],
    ['duplicates', figures.duplicates.length],
    ['leaked uploads', figures.leakedUploads],
    ...(wire
      ? ([
          ['throttled files', mebibytes(figures.sizeBytes)],
          ['on the wire for them', mebibytes(figures.wireBytes)],
          ['sent twice', mebibytes(figures.wireBytes - figures.sizeBytes)],
          [`bound: kills × ${TRANSFERS} × ${PART_BYTES / MIB} MiB × ${SLACK}`, mebibytes(figures.boundBytes)],
        ] as const)
      : []),
    ['faults of the line', faults.join(', ')],
    ['calls acknowledged', result.acknowledgedCalls.length],
    ['set aside after three deaths, and retried', result.poisoned],
    ['kills that hit their moment', momentsOf(result)],
    [
      'seconds in all, and for each kill',
      `${Math.round(seconds)}, ${(result.killingMs / 1000 / figures.kills).toFixed(1)}`,
    ],
  ];
  return [`| ${title} | |`, '|---|---:|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

function momentsOf({ kills }: CampaignResult): string {
  return MOMENTS.map(({ name }) => {
    const mine = kills.filter(({ moment }) => moment === name);
    return `${name} ${mine.filter(({ hit }) => hit).length}/${mine.length}`;
  }).join(', ');
}
