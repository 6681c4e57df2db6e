import path from 'node:path';
import type { BuildOptions } from 'esbuild';
import { procfsParsers } from './procfs-parsers.ts';

/** One bundle: its source, its result under the output directory, and what runs it. */
export interface Entry {
  readonly source: string;
  readonly result: string;
  readonly kind: 'node' | 'electron-main' | 'preload';
}

/** Everything that is bundled for Node and Electron; the renderer is vite's. */
export const entries: readonly Entry[] = [
  { source: 'src/cli/main.ts', result: 'node/cli.js', kind: 'node' },
  { source: 'src/engine/engine-process.ts', result: 'node/engine-process.js', kind: 'node' },
  { source: 'src/db/checkpoint-worker.ts', result: 'node/checkpoint-worker.js', kind: 'node' },
  { source: 'src/watch/read-worker.ts', result: 'node/read-worker.js', kind: 'node' },
  { source: 'src/engine/send-worker.ts', result: 'node/send-worker.js', kind: 'node' },
  { source: 'src/watch/scan-worker.ts', result: 'node/scan-worker.js', kind: 'node' },
  { source: 'src/watch/watch-worker.ts', result: 'node/watch-worker.js', kind: 'node' },
  { source: 'electron/main.ts', result: 'electron/main.js', kind: 'electron-main' },
  { source: 'electron/preload.ts', result: 'electron/preload.cjs', kind: 'preload' },
  { source: 'tools/s3/main.ts', result: 'tools/s3.js', kind: 'node' },
  { source: 'tools/demo/main.ts', result: 'tools/demo.js', kind: 'node' },
];

/** Loaded from node_modules at run time: they hold native code, or are the host. */
export const externalPackages = ['electron', 'better-sqlite3', '@node-rs/crc32', '@parcel/watcher', 'fsevents'];

/** Programs of the package `trash` for macOS and Windows. They have to stand outside of the packed archive to be run. */
export const trashPrograms = ['macos-trash', 'windows-trash.exe'];

// Bundled CommonJS dependencies still call `require`; esbuild renames whatever else has that name.
const requireBanner = [
  "import { createRequire as __createRequire } from 'node:module';",
  'const require = __createRequire(import.meta.url);',
].join('\n');

const common: BuildOptions = {
  bundle: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  metafile: true,
  logLevel: 'silent',
  external: [...externalPackages, '*.node'],
};

const forNode: BuildOptions = {
  ...common,
  platform: 'node',
  format: 'esm',
  target: 'node20.18',
  banner: { js: requireBanner },
  plugins: [procfsParsers],
  inject: [path.join(import.meta.dirname, 'commonjs-names.ts')],
};

/** How each kind is bundled. The target is the oldest Node that the product meets: the one in the test Electron. */
export const optionsByKind: Readonly<Record<Entry['kind'], BuildOptions>> = {
  node: forNode,
  'electron-main': forNode,
  // A sandboxed preload is one CommonJS file that may require `electron` and little else.
  preload: { ...common, platform: 'browser', format: 'cjs', target: 'chrome130' },
};
