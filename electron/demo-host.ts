import { utilityProcess } from 'electron';
import { z } from 'zod';
import { restartDelayMs } from './restart-policy.ts';

/** What the demo says in one JSON line once its server answers. */
const demoReadyShape = z.object({ configFile: z.string().min(1), endpoint: z.string(), folder: z.string() });
export type DemoReady = z.infer<typeof demoReadyShape>;

export interface DemoHostOptions {
  /** The bundled `demo.js`. */
  readonly entry: string;
  readonly dataDir: string;
  readonly onReady: (ready: DemoReady) => void;
  /** It ended without being asked to; it is started again. */
  readonly onDeath: (detail: string) => void;
  readonly log: (message: string) => void;
}

const healthyAfterMs = 60_000;
const stopDeadlineMs = 1_000;
const longestLine = 65_536;

/** Keeps the demo's server alive beside the engine. Only for trying Longshore out; the product itself knows nothing of it. */
export class DemoHost {
  readonly #options: DemoHostOptions;
  #child: Electron.UtilityProcess | null = null;
  #deaths = 0;
  #timer: NodeJS.Timeout | null = null;
  #stopping = false;

  constructor(options: DemoHostOptions) {
    this.#options = options;
  }

  start(): void {
    const { entry, dataDir, log, onDeath } = this.#options;
    const startedAt = performance.now();
    const child = utilityProcess.fork(entry, ['--data', dataDir], { serviceName: 'Longshore demo', stdio: 'pipe' });
    this.#child = child;
    let lastWords = '';
    this.#readLines(child);
    child.stderr?.on('data', (chunk: Buffer) => {
      lastWords = chunk.toString('utf8').trim().slice(-500);
      log(`demo: ${lastWords}`);
    });
    child.once('exit', (exitCode) => {
      this.#child = null;
      if (this.#stopping) return;
      this.#deaths = performance.now() - startedAt >= healthyAfterMs ? 1 : this.#deaths + 1;
      log(`the demo ended with ${exitCode}`);
      onDeath(lastWords);
      this.#timer = setTimeout(() => this.start(), restartDelayMs(this.#deaths));
    });
  }

  /** Resolves when it has ended: asked first, killed after a second. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#timer) clearTimeout(this.#timer);
    const child = this.#child;
    if (child === null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const killer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
    }, stopDeadlineMs);
    child.kill();
    await ended;
    clearTimeout(killer);
  }

  #readLines(child: Electron.UtilityProcess): void {
    let rest = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = (lines.pop() ?? '').slice(-longestLine);
      for (const line of lines) this.#readLine(line);
    });
  }

  #readLine(line: string): void {
    if (line.trim() === '') return;
    const ready = parseReady(line);
    if (ready) this.#options.onReady(ready);
    else this.#options.log(`demo: ${line}`);
  }
}

function parseReady(line: string): DemoReady | null {
  try {
    return demoReadyShape.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
