import { existsSync } from 'node:fs';
import type { StartSettings } from './command-line.ts';
import { DemoHost } from './demo-host.ts';
import type { EngineHost } from './engine-host.ts';
import { watchFileOnce } from './watch-file-once.ts';
import type { Words } from './words.ts';

export interface EngineSource {
  /** The configuration that the engine is to run with. */
  readonly configFile: () => string;
  start(): void;
  /** The engine refused the configuration: starts it again when the file changes. */
  awaitChange(): void;
  stop(): Promise<void>;
}

export interface EngineSourceOptions {
  readonly settings: StartSettings;
  readonly demoEntry: string;
  readonly host: EngineHost;
  readonly words: Words;
  readonly log: (message: string) => void;
}

/** Where the engine's configuration comes from: the file that was named or stands in its usual place; else the demo. */
export function engineSource({ settings, demoEntry, host, words, log }: EngineSourceOptions): EngineSource {
  const wantsDemo = settings.demo && !settings.configGiven && !existsSync(settings.configFile);
  let configFile = settings.configFile;
  let stopWatching: (() => void) | null = null;
  let demo: DemoHost | null = null;

  function startDemo(): void {
    if (!existsSync(demoEntry)) {
      log('the demo is not part of this build');
      host.start();
      return;
    }
    let ready = false;
    host.explainDelay('starting', words.demoStarting);
    demo = new DemoHost({
      entry: demoEntry,
      dataDir: settings.dataDir,
      log,
      onReady: (facts) => {
        log(`the demo serves ${facts.endpoint} and watches ${facts.folder}`);
        const moved = ready && facts.configFile !== configFile;
        ready = true;
        configFile = facts.configFile;
        if (moved) void host.restart();
        else host.start();
      },
      // Once an engine runs, it tells by itself that the server is unreachable, and waits for it.
      onDeath: (detail) => {
        if (!ready) host.explainDelay('failed', words.demoFailed(detail));
      },
    });
    demo.start();
  }

  return {
    configFile: () => configFile,
    start() {
      if (wantsDemo) startDemo();
      else host.start();
    },
    awaitChange() {
      stopWatching?.();
      stopWatching = watchFileOnce(configFile, () => host.tryAgain());
    },
    async stop() {
      stopWatching?.();
      await demo?.stop();
    },
  };
}
