import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { summarise, type Figure } from './figure.ts';
import type { BenchOptions } from './options.ts';

const HEADINGS = ['measured', 'unit', 'Longshore', 'peer', 'times better', 'spread', 'against'] as const;

/** Three digits that matter; thousands in full. */
function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}

/** A Markdown table that reads well in a terminal too. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { ours, peer, ratio, spread } = summarise(figure);
    const range = figure.ours.length > 1 && figure.quantile === undefined ? `${Math.round(spread * 100)} %` : '';
    return [figure.what, figure.unit, short(ours), short(peer), `${short(ratio)} ×`, range, figure.peer.name];
  });
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const isNumber = (column: number) => column >= 2 && column <= 5;
  const line = (cells: readonly string[]) =>
    `| ${cells
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (isNumber(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  return [line(HEADINGS), rule, ...rows.map(line)].join('\n');
}

export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly rclone: string | null;
  /** The commit that was measured; with "+" when files differ from it. */
  readonly commit: string | null;
}

export function describeMachine(rclone: string | null): Machine {
  const [first] = cpus();
  return {
    node: process.version,
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    system: `${process.platform} ${release()} ${arch()}`,
    rclone,
    commit: commit(),
  };
}

function commit(): string | null {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { encoding: 'utf8', cwd: import.meta.dirname, stdio: 'pipe' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+');
  } catch {
    return null;
  }
}

/** Writes all samples and their summaries as one JSON document; gives its path. */
export function writeResults(
  directory: string,
  startedAt: Date,
  machine: Machine,
  options: BenchOptions,
  figures: readonly Figure[],
): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${startedAt.toISOString().replaceAll(':', '-').replace(/\..*/, '')}.json`);
  const { quick, runs, only, engineFrom, sizes } = options;
  const document = {
    startedAt: startedAt.toISOString(),
    machine,
    options: { quick, runs, only, engineFrom, sizes },
    figures: figures.map((figure) => ({ ...figure, summary: summarise(figure) })),
  };
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  return file;
}
