import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { cachedDirectory } from './cached-directory.ts';
import { cacheDir, dependencyCommand, repositoryRoot } from './paths.ts';
import { runCommand } from './run-command.ts';

const require = createRequire(import.meta.url);

/** The Node inside the test Electron, whose headers fit when the system has none of its own. */
const headersVersion = '20.18.1';

/**
 * better-sqlite3's prebuilt addon asks for Node-API 10; the Node of the test Electron stops at 9 but has what is
 * missing as experimental features. So its own source is compiled against those.
 */
function forExperimentalNodeApi(bindingGyp: string): string {
  const stable = "'NAPI_VERSION=10'";
  if (!bindingGyp.includes(stable)) {
    throw new Error(`better-sqlite3's binding.gyp no longer has ${stable}: look at its new build and change this step`);
  }
  return bindingGyp.replace(
    stable,
    "'NAPI_VERSION=2147483647', 'NAPI_EXPERIMENTAL', 'NODE_API_EXPERIMENTAL_NOGC_ENV_OPT_OUT'",
  );
}

/** Where the system's own Node keeps its headers, if it has any. */
function systemNodeHome(): string | undefined {
  return ['/usr', '/usr/local'].find((home) => existsSync(path.join(home, 'include/node/node_api.h')));
}

async function build(directory: string): Promise<void> {
  const source = path.join(repositoryRoot, 'node_modules', 'better-sqlite3');
  const work = path.join(directory, '.build');
  await mkdir(work);
  for (const part of ['binding.gyp', 'package.json', 'src', 'deps', 'lib']) {
    await cp(path.join(source, part), path.join(work, part), { recursive: true });
  }
  // node-addon-api is looked up from here.
  await symlink(path.join(repositoryRoot, 'node_modules'), path.join(work, 'node_modules'), 'junction');
  const gypFile = path.join(work, 'binding.gyp');
  await writeFile(gypFile, forExperimentalNodeApi(await readFile(gypFile, 'utf8')));

  const home = systemNodeHome();
  const headers = home === undefined ? `--target=${headersVersion}` : `--nodedir=${home}`;
  await runCommand(dependencyCommand('node-gyp'), ['rebuild', '--release', '--force_build=1', headers], { cwd: work });
  await copyFile(path.join(work, 'build/Release/better_sqlite3.node'), path.join(directory, 'better_sqlite3.node'));
  await rm(work, { recursive: true });
}

/** The better-sqlite3 addon for the test Electron, compiled once for each version (about a minute). Gives its path. */
export async function ensureElectronSqliteBinding(): Promise<string> {
  const { version } = require('better-sqlite3/package.json') as { version: string };
  const directory = path.join(cacheDir, `better-sqlite3-${version}-napi9-${process.arch}`);
  await cachedDirectory(directory, build);
  return path.join(directory, 'better_sqlite3.node');
}
