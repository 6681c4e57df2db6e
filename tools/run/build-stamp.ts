import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from '../setup/paths.ts';

/** What the build's result depends on. */
const inputs = [
  'src',
  'electron',
  'renderer',
  'tools/s3',
  'tools/demo',
  'build',
  'package-lock.json',
  'vite.config.ts',
];
const stampFile = path.join(repositoryRoot, 'dist', '.stamp');

async function filesOf(input: string): Promise<string[]> {
  const location = path.join(repositoryRoot, input);
  const facts = await stat(location).catch(() => undefined);
  if (!facts) return [];
  if (facts.isFile()) return [location];
  const entries = await readdir(location, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

/** A digest that changes when any source of the build does: names, sizes and times of change. */
export async function sourceStamp(): Promise<string> {
  const files = (await Promise.all(inputs.map(filesOf))).flat().sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${path.relative(repositoryRoot, file)}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Whether dist was built from the sources as they are now. */
export async function buildIsCurrent(): Promise<boolean> {
  const built = await readFile(stampFile, 'utf8').catch(() => undefined);
  return built !== undefined && built === (await sourceStamp());
}

/** Records that dist was built from the sources that `stamp` was taken of, before the build began. */
export async function writeBuildStamp(stamp: string): Promise<void> {
  await writeFile(stampFile, stamp);
}
