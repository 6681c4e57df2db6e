import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ScratchTree } from './scratch-tree.ts';

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Runs test files in the tree: the names of those tests that fail. */
export async function failedTests(tree: ScratchTree, files: readonly string[]): Promise<readonly string[]> {
  const report = join(tree.path, 'tests.json');
  rmSync(report, { force: true });
  const vitest = join(tree.path, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--reporter=json', `--outputFile=${report}`, ...files];
  const child = spawn(process.execPath, args, { cwd: tree.path, stdio: ['ignore', 'ignore', 'pipe'] });
  const errors = await text(child.stderr);
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  // Tests that do not even start prove nothing.
  if (tests.length === 0) throw new Error(`no test ran: ${errors.slice(0, 500)}`);
  return tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
}
