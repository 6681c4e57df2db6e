import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

const repositoryRoot = path.resolve(import.meta.dirname, '../..');

/** A little tree in the shape of ours: who imports what, each import either fine or against one rule. */
const imports: readonly { readonly from: string; readonly to: string; readonly allowed: boolean }[] = [
  { from: 'src/db/fine.ts', to: 'src/core/leaf.ts', allowed: true },
  { from: 'src/remote/fine.ts', to: 'src/resilience/leaf.ts', allowed: true },
  { from: 'src/sync/fine.ts', to: 'src/remote/leaf.ts', allowed: true },
  { from: 'src/engine/fine.ts', to: 'src/sync/leaf.ts', allowed: true },
  { from: 'electron/fine.ts', to: 'src/engine/leaf.ts', allowed: true },
  { from: 'renderer/fine.ts', to: 'src/protocol/leaf.ts', allowed: true },
  { from: 'test/fine.ts', to: 'tools/leaf.ts', allowed: true },
  { from: 'src/core/bad.ts', to: 'src/db/leaf.ts', allowed: false },
  { from: 'src/protocol/bad.ts', to: 'src/config/leaf.ts', allowed: false },
  { from: 'src/config/bad.ts', to: 'src/resilience/leaf.ts', allowed: false },
  { from: 'src/watch/bad.ts', to: 'src/remote/leaf.ts', allowed: false },
  { from: 'src/sync/bad.ts', to: 'src/flow/leaf.ts', allowed: false },
  { from: 'src/flow/bad.ts', to: 'src/engine/leaf.ts', allowed: false },
  { from: 'src/engine/bad.ts', to: 'src/cli/leaf.ts', allowed: false },
  { from: 'src/engine/bad-electron.ts', to: 'electron/leaf.ts', allowed: false },
  { from: 'src/cli/bad.ts', to: 'src/sync/leaf.ts', allowed: false },
  { from: 'src/engine/bad-tools.ts', to: 'tools/leaf.ts', allowed: false },
  { from: 'electron/bad.ts', to: 'src/db/leaf.ts', allowed: false },
  { from: 'electron/bad-tools.ts', to: 'tools/leaf.ts', allowed: false },
  { from: 'renderer/bad.tsx', to: 'src/engine/leaf.ts', allowed: false },
  { from: 'src/elsewhere/bad.ts', to: 'src/core/leaf.ts', allowed: false },
  { from: 'src/watch/cycle-a.ts', to: 'src/watch/cycle-b.ts', allowed: false },
];
const layers = ['core', 'protocol', 'db', 'config', 'resilience', 'watch', 'remote', 'observe', 'sync', 'flow'];
const leaves = [...layers, 'engine', 'cli'].map((layer) => `src/${layer}/leaf.ts`);

const report = z.object({
  summary: z.object({ violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })) }),
});

let tree = '';
let violations: readonly { readonly from: string; readonly rule: string }[] = [];

async function write(file: string, text: string): Promise<void> {
  const target = path.join(tree, file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, text);
}

beforeAll(async () => {
  tree = await mkdtemp(path.join(tmpdir(), 'longshore-rules-'));
  await symlink(path.join(repositoryRoot, 'node_modules'), path.join(tree, 'node_modules'), 'junction');
  for (const leaf of [...leaves, 'electron/leaf.ts', 'tools/leaf.ts']) await write(leaf, 'export const leaf = 1;\n');
  for (const [index, { from, to }] of imports.entries()) {
    const specifier = path.posix.relative(path.posix.dirname(from), to);
    // Every other one imports types only: that ties two parts together just as well.
    const keyword = index % 2 === 0 ? 'import' : 'import type';
    await write(
      from,
      `${keyword} { leaf } from '${specifier.startsWith('.') ? specifier : `./${specifier}`}';\nexport type Leaf = typeof leaf;\n`,
    );
  }
  await write('src/watch/cycle-b.ts', `import { Leaf } from './cycle-a.ts';\nexport type leaf = Leaf;\n`);
  await write('src/observe/bad-electron-package.ts', `import { app } from 'electron';\nexport const it = app;\n`);
  await write('renderer/bad-node.ts', `import { readFileSync } from 'node:fs';\nexport const it = readFileSync;\n`);
  await write('src/core/bad-nowhere.ts', `import { it } from './not-there.ts';\nexport const that = it;\n`);

  const tool = path.join(repositoryRoot, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const config = path.join(repositoryRoot, '.dependency-cruiser.cjs');
  const args = ['src', 'electron', 'renderer', 'tools', 'test', '--config', config, '--output-type', 'json'];
  // It exits with the number of violations; what counts here is its report.
  const { stdout } = await promisify(execFile)(process.execPath, [tool, ...args], { cwd: tree }).catch(
    (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
  );
  violations = report.parse(JSON.parse(stdout)).summary.violations.map(({ from, rule }) => ({ from, rule: rule.name }));
});

afterAll(async () => {
  await rm(tree, { recursive: true, force: true });
});

test.each(imports.filter(({ allowed }) => allowed))('$from may import $to', ({ from }) => {
  expect(violations.filter((each) => each.from === from)).toEqual([]);
});

test.each(imports.filter(({ allowed }) => !allowed))('$from may not import $to', ({ from }) => {
  expect(violations.map((each) => each.from)).toContain(from);
});

test.each([
  ['src/observe/bad-electron-package.ts', 'only electron/ imports Electron'],
  ['renderer/bad-node.ts', 'the renderer has no Node'],
  ['src/core/bad-nowhere.ts', 'no import goes nowhere'],
  ['src/watch/cycle-a.ts', 'no cycles'],
  ['src/engine/bad-tools.ts', 'the product never imports tools'],
])('%s breaks “%s”', (from, rule) => {
  expect(violations).toContainEqual({ from, rule });
});
