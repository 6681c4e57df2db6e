import path from 'node:path';
import { tryCommand } from '../setup/run-command.ts';
import { repositoryRoot } from '../setup/paths.ts';
import { buildIsCurrent } from './build-stamp.ts';

/** Builds when dist is missing or older than the sources. Gives whether dist is whole now. */
export async function ensureBuild(): Promise<boolean> {
  if (await buildIsCurrent()) return true;
  console.log('Building …');
  const script = path.join(repositoryRoot, 'build', 'bundle.ts');
  const { exitCode } = await tryCommand(process.execPath, [script], { cwd: repositoryRoot, output: 'inherit' });
  return exitCode === 0;
}
