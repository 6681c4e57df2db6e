// The second half of `npm start`, under the pinned Node with all dependencies there.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { defaultLocations } from '../../src/config/locations.ts';
import { probeLock } from '../../src/db/lock.ts';
import { findElectronRuntime, type ElectronRuntime } from '../setup/electron-runtime.ts';
import { repositoryRoot } from '../setup/paths.ts';
import { ensureBuild } from './ensure-build.ts';
import { runChild } from './run-child.mjs';
import { dataDirOf, startDemo } from './run-demo.ts';

/** As `run` ends where another engine holds its data directory. */
const OTHER_ENGINE = 5;

function hasDisplay(): boolean {
  if (process.platform !== 'linux') return true;
  return Boolean(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']);
}

/** Tells the app or the agent that this is `npm start`: with no configuration they use the embedded demo. */
function withDemoWhenUnconfigured(args: readonly string[]): readonly string[] {
  const named = args.some((each) => each === '--config' || each.startsWith('--config='));
  const { configFile } = defaultLocations({ platform: process.platform, env: process.env, homeDir: homedir() });
  return named || existsSync(configFile) ? args : ['--demo', ...args];
}

async function runApp(runtime: ElectronRuntime, args: readonly string[]): Promise<number> {
  const switches: string[] = [];
  // Chromium's sandbox refuses root, and the fall-back lacks the set-uid helper that it wants.
  if (runtime.kind === 'fallback' || process.getuid?.() === 0) switches.push('--no-sandbox');
  const env: NodeJS.ProcessEnv = { ...process.env };
  delete env['ELECTRON_RUN_AS_NODE'];
  if (runtime.sqliteBinding !== undefined) env['LONGSHORE_SQLITE_BINDING'] = runtime.sqliteBinding;
  return runChild(runtime.executablePath, [...switches, repositoryRoot, ...args], { env });
}

async function runAgent(args: readonly string[]): Promise<number> {
  const cli = path.join(repositoryRoot, 'dist/node/cli.js');
  if (!args.includes('--demo')) return runChild(process.execPath, [cli, 'run', ...args]);
  const rest = args.filter((each) => each !== '--demo');
  const dataDir = dataDirOf(rest);
  // Before a second server takes over what the first one's agent works with.
  if (probeLock(dataDir) === 'held') {
    console.error(`longshore: an engine works on ${dataDir} already; "npx longshore status" tells how it does.`);
    return OTHER_ENGINE;
  }
  const demo = await startDemo(dataDir);
  console.log(`This is the demo. Drop files into ${demo.folder}`);
  console.log(
    `They go to a small storage server on this computer, ${demo.endpoint}, with its data in ${demo.dataDir}.`,
  );
  try {
    return await runChild(process.execPath, [
      cli,
      'run',
      '--config',
      demo.configFile,
      '--data',
      demo.dataDir,
      ...withoutData(rest),
    ]);
  } finally {
    await demo.stop();
  }
}

/** The data directory is given already. */
function withoutData(args: readonly string[]): readonly string[] {
  return args.filter((each, index) => each !== '--data' && !each.startsWith('--data=') && args[index - 1] !== '--data');
}

async function start(givenArgs: readonly string[]): Promise<number> {
  if (!(await ensureBuild())) return 1;
  const args = withDemoWhenUnconfigured(givenArgs);
  if (!hasDisplay()) return runAgent(args);
  const runtime = await findElectronRuntime();
  if (!runtime) {
    console.error('longshore: Electron could not be downloaded, so the agent runs without its window.');
    return runAgent(args);
  }
  if (runtime.kind === 'fallback') {
    console.error(
      `longshore: Electron could not be downloaded, so the test runtime ${runtime.version} shows the window.`,
    );
  }
  return runApp(runtime, args);
}

process.exitCode = await start(process.argv.slice(2));
