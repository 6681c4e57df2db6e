// `npm start`: what a fresh clone lacks first, then the app or the headless agent.
import path from 'node:path';
import { ensureDependencies, pinnedEnvironment, pinnedNode } from './dependencies.mjs';
import { runChild } from './run-child.mjs';

ensureDependencies();
const script = path.join(import.meta.dirname, 'start.ts');
process.exitCode = await runChild(pinnedNode, [script, ...process.argv.slice(2)], { env: pinnedEnvironment() });
