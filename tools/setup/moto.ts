import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cachedDirectory } from './cached-directory.ts';
import { cacheDir } from './paths.ts';
import { runCommand, tryCommand } from './run-command.ts';

/**
 * Moto, an S3 server that no one here wrote, as Debian's unstable packages hold it. They are pure Python and run under the
 * stable release's interpreter, so they are unpacked into a prefix and never installed. Only what its S3 part imports is
 * taken.
 */
const UNPACKED_PACKAGES = [
  'antlr4',
  'blinker',
  'boto3',
  'botocore',
  'certifi',
  'chardet',
  'click',
  'dateutil',
  'flask',
  'flask-cors',
  'idna',
  'itsdangerous',
  'jinja2',
  'jmespath',
  'moto',
  'requests',
  'responses',
  's3transfer',
  'six',
  'typing-extensions',
  'urllib3',
  'werkzeug',
  'xmltodict',
].map((name) => `python3-${name}`);

/** These hold compiled code, so they must be the machine's own release's. */
const INSTALLED_PACKAGES = ['python3', 'python3-markupsafe', 'python3-cryptography', 'python3-yaml'];

/** Debian's own interpreter: another Python in PATH would not see the packages above. */
const INTERPRETER = '/usr/bin/python3';

/** Raise it when the lists above change. */
const RECIPE = 1;

const UPDATE_TIMEOUT_MS = 180_000;
const INSTALL_TIMEOUT_MS = 300_000;

export interface MotoInstallation {
  readonly interpreter: string;
  /** The value for PYTHONPATH. */
  readonly pythonPath: string;
  /** As Debian numbers it, like `5.2.4-2`. */
  readonly version: string;
}

async function hasCompiledModules(): Promise<boolean> {
  return tryCommand(INTERPRETER, ['-c', 'import markupsafe, cryptography, yaml']).then(
    ({ exitCode }) => exitCode === 0,
    () => false,
  );
}

async function ensureInterpreter(): Promise<void> {
  if (await hasCompiledModules()) return;
  const install = ['install', '-y', '--no-install-recommends', ...INSTALLED_PACKAGES];
  if (process.getuid?.() !== 0) throw new Error(`these Debian packages are missing: apt-get ${install.join(' ')}`);
  const options = { timeoutMs: INSTALL_TIMEOUT_MS, env: { DEBIAN_FRONTEND: 'noninteractive' } };
  const { exitCode } = await tryCommand('apt-get', install, options);
  if (exitCode === 0) return;
  // The usual reason is a machine whose package lists were never fetched, or are old.
  await runCommand('apt-get', ['update'], { timeoutMs: UPDATE_TIMEOUT_MS });
  await runCommand('apt-get', install, options);
}

/** The mirror that this machine's own package sources name for its release; known also before any list was fetched. */
async function mirrorOf(release: string): Promise<string> {
  const listed = await runCommand('apt-get', ['--print-uris', 'update']);
  const mirror = new RegExp(`^'(.+)/dists/${release}/`, 'm').exec(listed)?.[1];
  if (mirror === undefined) throw new Error(`the package sources of this machine name no mirror for ${release}`);
  return mirror;
}

async function debianRelease(): Promise<string> {
  const facts = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const [id, codename] = ['ID', 'VERSION_CODENAME'].map(
    (name) => new RegExp(`^${name}="?([\\w-]+)`, 'm').exec(facts)?.[1],
  );
  if (id === 'debian' && codename !== undefined) return codename;
  throw new Error('it comes from Debian’s packages, and this machine does not run Debian');
}

/** Everything apt keeps goes under `directory`: the machine's own package state is neither read nor changed. */
async function isolatedApt(directory: string, mirror: string): Promise<string[]> {
  const sources = path.join(directory, 'sid.sources');
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  await mkdir(path.join(directory, 'lists/partial'), { recursive: true });
  await mkdir(path.join(directory, 'cache/archives/partial'), { recursive: true });
  await writeFile(path.join(directory, 'status'), '');
  await writeFile(
    sources,
    ['Types: deb', `URIs: ${mirror}`, 'Suites: sid', 'Components: main', `Signed-By: ${keyring}`, ''].join('\n'),
  );
  const settings = {
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferences': '-',
    'Dir::Etc::preferencesparts': '-',
    'Dir::State::lists': path.join(directory, 'lists'),
    'Dir::State::status': path.join(directory, 'status'),
    'Dir::Cache': path.join(directory, 'cache'),
    // apt's own download user could not write below a checkout that belongs to root.
    ...(process.getuid?.() === 0 ? { 'APT::Sandbox::User': 'root' } : {}),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

async function unpackMoto(directory: string): Promise<void> {
  const mirror = await mirrorOf(await debianRelease());
  const work = path.join(directory, 'work');
  const apt = await isolatedApt(work, mirror);
  await runCommand('apt-get', [...apt, 'update'], { timeoutMs: UPDATE_TIMEOUT_MS });
  const downloads = path.join(work, 'debs');
  await mkdir(downloads);
  await runCommand('apt-get', [...apt, 'download', ...UNPACKED_PACKAGES], {
    cwd: downloads,
    timeoutMs: INSTALL_TIMEOUT_MS,
  });
  const names = (await readdir(downloads)).filter((name) => name.endsWith('.deb'));
  for (const name of names) {
    await runCommand('dpkg-deb', ['-x', path.join(downloads, name), path.join(directory, 'root')]);
  }
  await writeFile(path.join(directory, 'packages.txt'), `${names.sort().join('\n')}\n`);
  await runCommand('rm', ['-rf', work]);
}

/**
 * Makes moto available, fetching it the first time (17 MB; 165 MB unpacked, below the cache directory).
 * @throws Error with one sentence that says why it can't be had here.
 */
export async function ensureMoto(): Promise<MotoInstallation> {
  try {
    await ensureInterpreter();
    const prefix = await cachedDirectory(path.join(cacheDir, 'moto', String(RECIPE)), unpackMoto);
    const packages = await readFile(path.join(prefix, 'packages.txt'), 'utf8');
    const version = /^python3-moto_(.+)_all\.deb$/m.exec(packages)?.[1] ?? 'unknown';
    return { interpreter: INTERPRETER, pythonPath: path.join(prefix, 'root/usr/lib/python3/dist-packages'), version };
  } catch (error) {
    throw new Error(`moto can't be had: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

if (import.meta.main) {
  const { version } = await ensureMoto();
  console.log(`moto ${version} is ready`);
}
