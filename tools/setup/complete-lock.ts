// `npm run lock`: after a change of dependencies, makes package-lock.json whole.
//
// npm leaves an optional package of another platform out of the lock file when the registry at hand does not have it,
// and then `npm ci` refuses the file, here and everywhere. The parent package pins each such package to one version and
// its name says which platform it is for: that is all the lock file needs to pass over it, or to install it where it fits.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { repositoryRoot } from './paths.ts';

const lockEntry = z.looseObject({
  version: z.string().optional(),
  dev: z.boolean().optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});
const lockFile = z.looseObject({ packages: z.record(z.string(), lockEntry) });
type LockPackages = z.infer<typeof lockFile>['packages'];

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64', 'arm'];

/** The platform in a package's name, as the fields of a lock entry; undefined when the name tells none. */
export function platformOf(name: string): { os: string[]; cpu: string[]; libc?: string[] } | undefined {
  const words = name.split(/[/.-]/).flatMap((word) => (word === 'linuxmusl' ? ['linux', 'musl'] : [word]));
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  return { os: [os], cpu: [cpu], ...(os === 'linux' && libc ? { libc: [libc] } : {}) };
}

/** Where Node would find `name` from the package at `location`, among what the lock file has. */
function findLocked(packages: LockPackages, location: string, name: string): string | undefined {
  const parts = location === '' ? [] : location.split('/node_modules/');
  for (let depth = parts.length; depth >= 0; depth -= 1) {
    const prefix = parts.slice(0, depth).join('/node_modules/');
    const candidate = `${prefix === '' ? '' : `${prefix}/`}node_modules/${name}`;
    if (candidate in packages) return candidate;
  }
  return undefined;
}

/** Adds what is missing to `packages`, and gives the names of what was added. Throws where a name tells no platform. */
export function completeLock(packages: LockPackages): string[] {
  const added: string[] = [];
  for (const [location, parent] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      if (findLocked(packages, location, name) !== undefined) continue;
      const platform = platformOf(name);
      if (!platform || !/^\d+\.\d+\.\d+/.test(version))
        throw new Error(`${location} wants ${name}@${version}: not one of a platform`);
      packages[`node_modules/${name}`] = { version, ...platform, ...(parent.dev ? { dev: true } : {}), optional: true };
      added.push(name);
    }
  }
  return added;
}

function assertLockFile(value: unknown): asserts value is z.infer<typeof lockFile> {
  lockFile.parse(value);
}

function byLocation([a]: [string, unknown], [b]: [string, unknown]): number {
  return a.localeCompare(b, 'en');
}

if (import.meta.main) {
  const file = path.join(repositoryRoot, 'package-lock.json');
  const lock: unknown = JSON.parse(await readFile(file, 'utf8'));
  // Checked, but not replaced by the parser's copy: that would change the order of keys.
  assertLockFile(lock);
  const added = completeLock(lock.packages);
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(byLocation));
  if (added.length > 0) await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(added.length === 0 ? 'package-lock.json is whole' : `added to package-lock.json: ${added.join(', ')}`);
}
