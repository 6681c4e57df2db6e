import { commandExists, runCommand, tryCommand } from './run-command.ts';

/** What the test Electron and its set-up need on a Debian-like system without a desktop. */
const needed: readonly string[] = [
  'xvfb xauth dbus dbus-x11',
  'libgtk-3-0 libnss3 libasound2 libgbm1 libatk-bridge2.0-0 libcups2 libdrm2 libxkbcommon0',
  'libxcomposite1 libxdamage1 libxrandr2 libpango-1.0-0 libcairo2 libnotify4 libxtst6',
  'fonts-dejavu-core fonts-noto-cjk',
  'g++ make python3',
].flatMap((line) => line.split(' '));

/** Newer releases renamed some libraries when their time_t grew to 64 bits. */
const namesOf = (name: string): string[] => [name, `${name}t64`];

async function installedOf(names: readonly string[]): Promise<ReadonlySet<string>> {
  const format = '${Package} ${db:Status-Status}\\n';
  const { output } = await tryCommand('dpkg-query', ['-W', '-f', format, ...names]);
  const lines = output.split('\n').filter((line) => line.endsWith(' installed'));
  return new Set(lines.map((line) => line.split(' ')[0] ?? ''));
}

async function missingPackages(): Promise<string[]> {
  const installed = await installedOf(needed.flatMap(namesOf));
  return needed.filter((name) => !namesOf(name).some((each) => installed.has(each)));
}

/** The name by which this release's archive has a package. */
async function availableName(name: string): Promise<string> {
  for (const candidate of namesOf(name)) {
    const { output } = await tryCommand('apt-cache', ['policy', candidate]);
    if (/Candidate: (?!\(none\))/.test(output)) return candidate;
  }
  return name;
}

/**
 * Installs what is missing, where that is possible: as root with apt. Gives undefined when nothing is missing (or the
 * system is of another kind, where a person sees to it), else one sentence on what a person must do.
 */
export async function ensureDebianPackages(): Promise<string | undefined> {
  if (process.platform !== 'linux' || !(await commandExists('dpkg-query')) || !(await commandExists('apt-get'))) {
    return undefined;
  }
  const missing = await missingPackages();
  if (missing.length === 0) return undefined;
  if (process.getuid?.() !== 0) {
    return `The window tests need packages that are not installed: sudo apt-get install ${missing.join(' ')}`;
  }
  console.log(`Installing Debian packages: ${missing.join(' ')}`);
  await runCommand('apt-get', ['update', '-qq']);
  const names = await Promise.all(missing.map(availableName));
  await runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
  return undefined;
}
