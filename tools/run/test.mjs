// `npm test`: what a fresh clone lacks first, then every tier of tests.
import path from 'node:path';
import { ensureDependencies, pinnedEnvironment, pinnedNode, repositoryRoot } from './dependencies.mjs';
import { runChild } from './run-child.mjs';

ensureDependencies();
const script = path.join(import.meta.dirname, 'test.ts');
process.exitCode = await runChild(pinnedNode, [script, ...process.argv.slice(2)], {
  cwd: repositoryRoot,
  env: pinnedEnvironment(),
});
