// Plain JavaScript without dependencies: it runs before there are any, under whatever Node (20 or newer) was at hand.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const repositoryRoot = path.resolve(import.meta.dirname, '../..');

/** The Node that the project pins: a development dependency. */
export const pinnedNode = path.join(
  repositoryRoot,
  'node_modules/node/bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);

function readPackages(file) {
  return JSON.parse(readFileSync(path.join(repositoryRoot, file), 'utf8')).packages;
}

/** Whether node_modules holds what package-lock.json says. Contents are compared: a checkout makes times meaningless. */
function dependenciesAreCurrent() {
  if (!existsSync(path.join(repositoryRoot, 'node_modules/.package-lock.json')) || !existsSync(pinnedNode))
    return false;
  const installed = readPackages('node_modules/.package-lock.json');
  return Object.entries(readPackages('package-lock.json')).every(([location, wanted]) => {
    if (location === '') return true;
    const found = installed[location];
    return found ? found.version === wanted.version : wanted.optional === true || wanted.peer === true;
  });
}

function fail(sentence) {
  console.error(`longshore: ${sentence}`);
  process.exit(1);
}

/**
 * How npm installs what the lock file names. npm judges the packages by the Node that it runs under; they run under the
 * pinned one, which comes with them. Under an older Node its warnings (EBADENGINE, a screen of them) are about a Node that
 * will run none of them, so only errors are shown then. Nothing else differs: `npm ci` holds to the lock file and its hashes.
 */
export function installArguments(runningVersion, pinnedVersion) {
  const major = (version) => Number(version.split('.')[0]);
  const quiet = major(runningVersion) < major(pinnedVersion) ? ['--loglevel=error'] : [];
  return ['ci', '--no-audit', '--no-fund', ...quiet];
}

/** Installs the dependencies where they are missing or are not those of the lock file. Ends the process if it can't. */
export function ensureDependencies() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) fail(`Node 20 or newer is needed, and this is ${process.versions.node}.`);
  if (!dependenciesAreCurrent()) {
    console.log('longshore: installing dependencies (npm ci), once …');
    const shell = process.platform === 'win32';
    const options = { cwd: repositoryRoot, stdio: 'inherit', shell };
    const pinned = readPackages('package-lock.json')['node_modules/node'].version;
    const { status, error } = spawnSync('npm', installArguments(process.versions.node, pinned), options);
    if (error || status !== 0) fail(`npm ci failed (${error?.message ?? `exit code ${status}`}); see above.`);
  }
  if (!existsSync(pinnedNode)) {
    fail('the pinned Node is missing: run `npm ci` with install scripts allowed for the package "node".');
  }
}

/** This process's environment with the pinned Node and the dependencies' commands first in PATH. */
export function pinnedEnvironment() {
  const bin = path.join(repositoryRoot, 'node_modules/.bin');
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  return { ...process.env, [key]: [path.dirname(pinnedNode), bin, process.env[key]].join(path.delimiter) };
}
