import { app } from 'electron';

/** Whatever hangs, the app is gone by then. */
const quitDeadlineMs = 4_900;

/**
 * Ends what `stop` ends before the app does, once, however the quit came about: tray, menu, log-out, SIGINT or SIGTERM
 * (which Electron turns into a quit).
 */
export function quitAfter(stop: () => Promise<void>, onError: (error: unknown) => void): void {
  let stopping = false;
  app.on('before-quit', (event) => {
    event.preventDefault();
    if (stopping) return;
    stopping = true;
    setTimeout(() => app.exit(0), quitDeadlineMs);
    stop()
      .catch(onError)
      .finally(() => app.exit(0));
  });
}
