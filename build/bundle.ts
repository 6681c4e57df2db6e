// `npm run build`: everything that the commands and the app need, into dist.
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build as bundle, type BuildFailure } from 'esbuild';
import { build as buildRenderer } from 'vite';
import { sourceStamp, writeBuildStamp } from '../tools/run/build-stamp.ts';
import { repositoryRoot } from '../tools/setup/paths.ts';
import { entries, optionsByKind, trashPrograms, type Entry } from './entries.ts';

interface Made {
  readonly result: string;
  readonly sizeBytes: number;
  /** Why it was not made, for people. */
  readonly problem?: string;
}

/** What of `electron` a sandboxed preload may require. Anything else would fail only when a window opens. */
const preloadMayRequire = new Set(['electron']);

async function makeBundle(root: string, outDir: string, entry: Entry): Promise<Made> {
  const missing = await stat(path.join(root, entry.source)).then(
    () => false,
    () => true,
  );
  if (missing) return { result: entry.result, sizeBytes: 0, problem: `${entry.source} does not exist` };
  try {
    const outfile = path.join(outDir, entry.result);
    const entryPoints = [path.join(root, entry.source)];
    const { metafile, warnings } = await bundle({ ...optionsByKind[entry.kind], entryPoints, outfile });
    for (const warning of warnings) console.warn(`${entry.source}: ${warning.text} (${warning.location?.file ?? '?'})`);
    const output = Object.entries(metafile?.outputs ?? {}).find(([file]) => !file.endsWith('.map'))?.[1];
    const forbidden = output?.imports.filter(({ external, path: name }) => external && !preloadMayRequire.has(name));
    if (entry.kind === 'preload' && forbidden?.length) {
      const names = forbidden.map((each) => each.path).join(', ');
      return { result: entry.result, sizeBytes: 0, problem: `a sandboxed preload can't require ${names}` };
    }
    return { result: entry.result, sizeBytes: output?.bytes ?? 0 };
  } catch (error) {
    const { errors } = error as BuildFailure;
    if (!Array.isArray(errors)) throw error;
    const problem = errors
      .slice(0, 5)
      .map(({ text, location }) => `${text}${location ? ` (${location.file}:${location.line})` : ''}`)
      .join('; ');
    return { result: entry.result, sizeBytes: 0, problem };
  }
}

async function makeRenderer(root: string, outDir: string): Promise<Made> {
  try {
    const outputDir = path.join(outDir, 'renderer');
    const configFile = path.join(repositoryRoot, 'vite.config.ts');
    await buildRenderer({
      configFile,
      root: path.join(root, 'renderer'),
      logLevel: 'warn',
      build: { outDir: outputDir },
    });
    const { size } = await stat(path.join(outputDir, 'index.html'));
    return { result: 'renderer/index.html', sizeBytes: size };
  } catch (error) {
    return {
      result: 'renderer/index.html',
      sizeBytes: 0,
      problem: error instanceof Error ? error.message : String(error),
    };
  }
}

/** Pictures of the main process keep their place under electron/. */
async function copyPictures(root: string, outDir: string): Promise<Made> {
  const from = path.join(root, 'electron');
  const files = (await readdir(from, { recursive: true })).filter((file) => /\.(png|ico|icns)$/.test(file));
  let sizeBytes = 0;
  for (const file of files) {
    await cp(path.join(from, file), path.join(outDir, 'electron', file));
    sizeBytes += (await stat(path.join(from, file))).size;
  }
  return { result: `electron: ${files.length} pictures`, sizeBytes };
}

/** By which `trash` reaches the Finder and the recycle bin: it looks for them beside its own code, which is the bundle. */
async function copyTrashPrograms(outDir: string): Promise<Made> {
  const from = path.join(repositoryRoot, 'node_modules/trash/lib');
  let sizeBytes = 0;
  for (const file of trashPrograms) {
    await cp(path.join(from, file), path.join(outDir, 'node', file));
    sizeBytes += (await stat(path.join(from, file))).size;
  }
  return { result: `node: ${trashPrograms.length} trash programs`, sizeBytes };
}

// The two directories can be given for a trial of the build itself; a person needs neither.
const { values } = parseArgs({ options: { root: { type: 'string' }, out: { type: 'string' } } });
const root = path.resolve(values.root ?? repositoryRoot);
const outDir = path.resolve(values.out ?? path.join(root, 'dist'));

const startedAt = performance.now();
const stamp = await sourceStamp();
await rm(outDir, { recursive: true, force: true });
await mkdir(outDir, { recursive: true });
const made = await Promise.all([
  ...entries.map(async (entry) => makeBundle(root, outDir, entry)),
  makeRenderer(root, outDir),
  copyPictures(root, outDir),
  copyTrashPrograms(outDir),
]);

const problems = made.filter(({ problem }) => problem !== undefined);
for (const { result, sizeBytes, problem } of made) {
  const shown = path.relative(process.cwd(), path.join(outDir, result));
  if (problem === undefined) console.log(`  ${shown.padEnd(32)} ${(sizeBytes / 1024).toFixed(0).padStart(6)} KiB`);
  else console.error(`  ${shown.padEnd(32)} not built: ${problem}`);
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
if (problems.length === 0) {
  if (values.root === undefined && values.out === undefined) await writeBuildStamp(stamp);
  console.log(`built in ${seconds} s`);
} else {
  console.error(`${problems.length} of ${made.length} could not be built (${seconds} s)`);
  process.exitCode = 1;
}
