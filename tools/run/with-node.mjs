// `node tools/run/with-node.mjs SCRIPT …`: runs a script of ours under the pinned Node, with all dependencies there first.
import { ensureDependencies, pinnedEnvironment, pinnedNode } from './dependencies.mjs';
import { runChild } from './run-child.mjs';

ensureDependencies();
process.exitCode = await runChild(pinnedNode, process.argv.slice(2), { env: pinnedEnvironment() });
