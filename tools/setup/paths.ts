import path from 'node:path';

/** The root of the checkout. */
export const repositoryRoot: string = path.resolve(import.meta.dirname, '../..');

/** Where set-up keeps what it fetched and built. `LONGSHORE_CACHE` lets several clones share one. */
export const cacheDir: string = process.env['LONGSHORE_CACHE'] ?? path.join(repositoryRoot, '.cache');

/** Where test tiers leave their reports. */
export const testResultsDir: string = path.join(repositoryRoot, 'test-results');

/** The path of a command that a dependency brings. */
export function dependencyCommand(name: string): string {
  const suffix = process.platform === 'win32' ? '.cmd' : '';
  return path.join(repositoryRoot, 'node_modules', '.bin', name + suffix);
}
