// Starts an app under Playwright's control without a race. Given the path of an Electron, Playwright attaches to an app
// that already runs; an app that opens its window in that very moment makes the driver wait for ever. Playwright's own
// loader, which it uses only for an Electron that it finds by itself, holds the app's `ready` back until it is attached.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { app } from 'electron';

const { DRIVEN_APP_DIR: directory = '', DRIVEN_APP_LOADER: loader = '' } = process.env;
const manifest = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
app.setAppPath(directory);
app.name = manifest.productName ?? manifest.name;
app.setVersion(manifest.version);
createRequire(import.meta.url)(loader);
await import(pathToFileURL(path.join(directory, manifest.main)).href);
