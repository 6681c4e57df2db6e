import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { app, session } from 'electron';
import { declareAppScheme } from './app-protocol.ts';
import { readCommandLine } from './command-line.ts';
import { confineContents } from './confine-contents.ts';
import { openLog } from './logging.ts';
import { runShell } from './shell.ts';

// Nothing here may await at the top: Electron is not ready before this module has been evaluated.

const settings = readCommandLine(
  process.argv.slice(1),
  { platform: process.platform, env: process.env, homeDir: homedir() },
  process.cwd(),
);
mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
// One instance per data directory: the lock lives in Chromium's profile.
app.setPath('userData', path.join(settings.dataDir, 'electron-profile'));
const log = openLog(settings.dataDir);

if (app.requestSingleInstanceLock()) {
  const onRefused = (why: string): void => log.warn(`refused: ${why}`);
  declareAppScheme();
  confineContents(onRefused);
  app.setAppUserModelId('dev.longshore.app');
  app
    .whenReady()
    .then(() => runShell(settings, session.fromPartition('persist:longshore'), log))
    .catch((error: unknown) => {
      log.error('Longshore could not start', error);
      app.exit(1);
    });
} else {
  log.info('Longshore runs already: its window comes to the front');
  app.exit(0);
}
