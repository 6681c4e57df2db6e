// What Electron's own default app does for `electron <path>`, for the test runtime, which comes without one: load the app
// whose directory is the first argument that is no switch.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { app } from 'electron';

const argument = process.argv.slice(1).find((candidate) => !candidate.startsWith('-'));
if (argument === undefined) {
  console.error('This Electron runs an app from a directory: give its path.');
  app.exit(1);
} else {
  const directory = path.resolve(argument);
  const manifest = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
  app.setAppPath(directory);
  app.name = manifest.productName ?? manifest.name;
  app.setVersion(manifest.version ?? '0.0.0');
  await import(pathToFileURL(path.join(directory, manifest.main ?? 'index.js')).href);
}
