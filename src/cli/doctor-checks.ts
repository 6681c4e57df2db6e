/** What `doctor` looks at. Each check is quick, changes nothing, and says what it found and what to do. */
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LongshoreConfig } from '../config/config-types.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { CliIo } from './cli-io.ts';
import { formatBytes } from './format.ts';

export interface DoctorCheck {
  readonly name: string;
  /** `note` is worth knowing; `attention` makes exit 3, `invalid` exit 2. */
  readonly state: 'ok' | 'note' | 'attention' | 'invalid';
  readonly found: string;
  /** What to do; empty when there is nothing to do. */
  readonly hint: string;
}

/** better-sqlite3's prebuilt addon needs Node-API 10. */
const MIN_NODE = 22;
const LOW_SPACE_BYTES = 1024 ** 3;
/** The default of older kernels was 8,192; one watch a directory is used. */
const FEW_WATCHES = 65_536;

export function checkNode(version: string): DoctorCheck {
  const major = Number(version.replace(/^v/, '').split('.')[0]);
  if (major >= MIN_NODE) return ok('Node.js', version);
  return { name: 'Node.js', state: 'attention', found: version, hint: `Use Node.js ${MIN_NODE} or newer.` };
}

export function checkPlatform(platform: string, arch: string): DoctorCheck {
  return ok('Platform', `${platform} ${arch}`);
}

export function checkDataDir(dataDir: string, platform: NodeJS.Platform): readonly DoctorCheck[] {
  const name = 'Data directory';
  if (!existsSync(dataDir)) {
    const parent = nearestExisting(dataDir);
    if (canWrite(parent))
      return [{ name, state: 'note', found: `${dataDir} is not there yet`, hint: 'The first start makes it.' }];
    const hint = 'Make it, allow this user to write there, or name another with --data.';
    return [{ name, state: 'attention', found: `${dataDir} can’t be made in ${parent}`, hint }];
  }
  const facts = statSync(dataDir);
  if (!facts.isDirectory())
    return [{ name, state: 'attention', found: `${dataDir} is not a directory`, hint: 'Name another with --data.' }];
  if (!canWrite(dataDir))
    return [
      { name, state: 'attention', found: `${dataDir} can’t be written`, hint: 'Allow this user to write there.' },
    ];
  const checks = [ok(name, dataDir)];
  if (platform !== 'win32' && (facts.mode & 0o022) !== 0) {
    const found = 'other users may change what is in it';
    checks.push({ name: 'Data permissions', state: 'attention', found, hint: `chmod 700 ${dataDir}` });
  } else if (platform !== 'win32')
    checks.push(ok('Data permissions', (facts.mode & 0o777).toString(8).padStart(3, '0')));
  return [...checks, checkSpace(dataDir)];
}

function checkSpace(dataDir: string): DoctorCheck {
  const { bavail, bsize } = statfsSync(dataDir);
  const freeBytes = bavail * bsize;
  const found = `${formatBytes(freeBytes)} free`;
  if (freeBytes >= LOW_SPACE_BYTES) return ok('Disk space', found);
  return { name: 'Disk space', state: 'attention', found, hint: 'Free some space: the queue lives on this disk.' };
}

/** Why the running engine leaves a folder alone. */
export interface FrozenFolder {
  readonly message: string;
  readonly hint: string;
}

/** One check a folder: the first finding about it, else why the running engine froze it, else that it can be read. */
export function checkFolders(
  config: LongshoreConfig,
  findings: readonly ConfigProblem[],
  frozen: ReadonlyMap<string, FrozenFolder> = new Map(),
): readonly DoctorCheck[] {
  return config.folders.map((folder, index) => {
    const name = `Folder ${folder.name}`;
    const finding = findings.find(({ key }) => key === `folders[${index}]` || key.startsWith(`folders[${index}].`));
    const trouble = finding ?? frozen.get(folder.name);
    if (trouble === undefined) return ok(name, folder.path);
    return { name, state: 'attention', found: trouble.message, hint: trouble.hint };
  });
}

/** Findings about anything but folders: missing secrets, variables, profiles. */
export function checkReferences(findings: readonly ConfigProblem[]): readonly DoctorCheck[] {
  return findings
    .filter(({ key }) => !key.startsWith('folders'))
    .map(({ key, message, hint }) => ({ name: key, state: 'attention', found: message, hint }));
}

/** inotify(7): the limits are for all programs of a user together. */
export function checkInotify(io: Pick<CliIo, 'platform'>): readonly DoctorCheck[] {
  if (io.platform !== 'linux') return [];
  const watches = readNumber('/proc/sys/fs/inotify/max_user_watches');
  if (watches === null) return [{ name: 'inotify', state: 'note', found: 'limits can’t be read', hint: '' }];
  const found = `${watches.toLocaleString('en')} watches allowed`;
  if (watches >= FEW_WATCHES) return [ok('inotify', found)];
  const hint =
    'Large folders need more: set fs.inotify.max_user_watches=524288 with sysctl. Until then scans find what watching misses.';
  return [{ name: 'inotify', state: 'note', found, hint }];
}

/** The key that seals secrets on a machine without the app (DESIGN section 13). */
export function checkKeyFile(path: string, platform: NodeJS.Platform): DoctorCheck {
  const name = 'Key of secrets';
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts === undefined)
    return {
      name,
      state: 'note',
      found: 'no key file',
      hint: 'It is made when a secret is first set without the app.',
    };
  if (platform !== 'win32' && (facts.mode & 0o077) !== 0) {
    return {
      name,
      state: 'attention',
      found: `others can read ${path}`,
      hint: `chmod 600 ${path}, and change the secrets.`,
    };
  }
  return ok(name, path);
}

/** Beyond this clocks that are set by the network don't differ, ms. */
const CLOCK_TOLERANCE_MS = 60_000;

/** The clock of this computer beside that of a destination, which is `skewMs` ahead; null where all is well. */
export function checkClock(destination: string, skewMs: number | null): DoctorCheck | null {
  if (skewMs === null || Math.abs(skewMs) <= CLOCK_TOLERANCE_MS) return null;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const amount = seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
  const found = `this computer’s clock is ${amount} ${skewMs > 0 ? 'behind' : 'ahead of'} that of the service`;
  const hint = 'Set date and time automatically. Requests are signed with the service’s time meanwhile.';
  return { name: `Clock ${destination}`, state: 'attention', found, hint };
}

export function ok(name: string, found: string): DoctorCheck {
  return { name, state: 'ok', found, hint: '' };
}

function nearestExisting(path: string): string {
  let current = path;
  while (!existsSync(current) && dirname(current) !== current) current = dirname(current);
  return current;
}

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function readNumber(path: string): number | null {
  try {
    const value = Number(readFileSync(path, 'utf8').trim());
    return Number.isFinite(value) ? value : null;
  } catch {
    return null;
  }
}
