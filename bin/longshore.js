#!/usr/bin/env node
// The command line, under the pinned Node whatever Node started this file.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { engineEnv, v8Flags } from '../tools/run/engine-runtime.mjs';
import { pinnedNode, repositoryRoot } from '../tools/run/dependencies.mjs';
import { runChild } from '../tools/run/run-child.mjs';

const script = path.join(repositoryRoot, 'dist/node/cli.js');
if (!existsSync(script) || !existsSync(pinnedNode)) {
  console.error('longshore: it is not built yet; run `npm ci` and `npm run build` in its checkout first.');
  process.exitCode = 1;
} else {
  const env = { ...engineEnv, ...process.env };
  process.exitCode = await runChild(pinnedNode, [...v8Flags, script, ...process.argv.slice(2)], { env });
}
