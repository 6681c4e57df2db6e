/** What people, programs, machines and services do while an engine soaks. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { MIB, noise, type RunningCommand } from '../support/engine-harness.ts';
import { sha256 } from '../support/s3-bucket.ts';
import type { SoakWorld } from './soak-world.ts';

const MAX_FILES = 1500;
const SMALL_BYTES = 60_000;
/** Longer than what the engine takes for a machine that was busy (`src/engine/clock-watch.ts`). */
const SLEEP_MS = 28_000;
const OUTAGE_MS = 6000;
const BURST = 200;
const BANDWIDTHS_KIBPS = [0, 0, 1024, 6000];
const CONCURRENCIES = [4, 16, 32];

type Folder = 'drop' | 'mirror' | 'extra';

export class SoakActions {
  readonly #world: SoakWorld;
  readonly #engine: RunningCommand;
  readonly #files: Record<Folder, string[]> = { drop: [], mirror: [], extra: [] };
  /** How often each thing was done. */
  readonly counts: Record<string, number> = {};
  /** Keys of files whose both versions were kept at some time. */
  readonly besides = new Set<string>();
  /** Keys of files that differ from their objects because a person said so, with the hash of what the file was then. */
  readonly keptRemote = new Map<string, string>();
  #named = 0;

  constructor(world: SoakWorld, engine: RunningCommand) {
    this.#world = world;
    this.#engine = engine;
  }

  /** One thing, often a small one. */
  async act(): Promise<void> {
    const { below, fraction } = { below: (count: number) => this.#world.below(count), fraction: this.#world.fraction };
    const folder: Folder =
      fraction() < 0.3 ? 'mirror' : this.#world.settings.extra && fraction() < 0.2 ? 'extra' : 'drop';
    const rare = fraction();
    if (rare < 0.01) this.#times('burst', BURST, () => this.#add('drop', below(SMALL_BYTES)));
    else if (rare < 0.014) await this.#pause();
    else if (rare < 0.02) this.#reload();
    else if (rare < 0.024) await this.#refuseCredentials();
    else if (rare < 0.027) await this.#outage();
    else if (rare < 0.0285) await this.#sleep();
    else if (rare < 0.045) await this.#meddle();
    else if (rare < 0.06) await this.#call();
    else if (rare < 0.066) await this.#watch();
    else this.#change(folder);
  }

  /** A person looks after what needs one: conflicts and what the service refused. */
  async attend(): Promise<void> {
    const { rig } = this.#world;
    for (const { id, folder, path } of await rig.ls('--state', 'conflict')) {
      const keep = ['local', 'remote', 'both'][this.#world.below(3)] ?? 'local';
      // It may have been superseded since.
      const { exitCode } = await rig.cli('resolve', id, '--keep', keep);
      if (exitCode !== 0) continue;
      this.#count(`keep ${keep}`);
      if (keep === 'both') this.besides.add(`${folder}/${path}`);
      // In drop mode nothing is sent or fetched then.
      else if (keep === 'remote') this.#leaves(folder, path);
    }
    const failed = (await rig.ls('--state', 'failed')).length;
    if (failed === 0) return;
    this.#count('retry', failed);
    await rig.json('retry', '--failed');
  }

  #leaves(folder: string | null, path: string | null): void {
    if (folder === null || path === null) return;
    const file = this.#world.rig.at(path, folder);
    if (existsSync(file)) this.keptRemote.set(`${folder}/${path}`, sha256(readFileSync(file)));
  }

  #change(folder: Folder): void {
    const kind = this.#world.fraction();
    const files = this.#files[folder];
    const known = folder === 'extra' ? undefined : this.#known(folder);
    const below = (count: number) => this.#world.below(count);
    if (known !== undefined && (kind < 0.15 || files.length >= MAX_FILES)) {
      rmSync(this.#world.rig.at(known, folder), { force: true });
      files.splice(files.indexOf(known), 1);
      this.#count('delete');
    } else if (known !== undefined && kind < 0.3) {
      const to = this.#name('moved');
      this.#world.rig.write('moved/.keep', '', folder);
      renameSync(this.#world.rig.at(known, folder), this.#world.rig.at(to, folder));
      files[files.indexOf(known)] = to;
      this.#count('move');
    } else if (known !== undefined && kind < 0.6) {
      writeFileSync(this.#world.rig.at(known, folder), noise(1 + below(200_000)));
      this.#count('edit');
    } else if (kind > 0.985) this.#add(folder, (8 + below(16)) * MIB);
    else if (kind > 0.97) this.#world.rig.write(`${this.#name('none')}.ignored`, 'not to be sent', folder);
    else this.#add(folder, 1 + below(SMALL_BYTES));
  }

  #add(folder: Folder, sizeBytes: number): void {
    const path = this.#name(`d${this.#world.below(40)}`);
    this.#world.rig.write(path, noise(sizeBytes), folder);
    this.#files[folder].push(path);
    this.#count(sizeBytes > MIB ? 'large file' : 'small file');
  }

  /** A file that is still there: resolving a conflict may have taken it away. */
  #known(folder: Folder): string | undefined {
    const files = this.#files[folder];
    const path = files[this.#world.below(files.length)];
    if (path === undefined || existsSync(this.#world.rig.at(path, folder))) return path;
    files.splice(files.indexOf(path), 1);
    return undefined;
  }

  async #pause(): Promise<void> {
    this.#count('pause');
    const scope = this.#world.fraction() < 0.5 ? [] : ['--folder', 'drop'];
    await this.#world.rig.json('pause', ...scope);
    for (let n = 0; n < 10; n += 1) {
      this.#change('drop');
      await delay(this.#world.below(800));
    }
    await this.#world.rig.json('resume', ...scope);
  }

  #reload(): void {
    this.#count('reload');
    const pick = <T>(choices: readonly T[]): T => choices[this.#world.below(choices.length)] as T;
    this.#world.change({
      uploadKiBps: pick(BANDWIDTHS_KIBPS),
      concurrency: pick(CONCURRENCIES),
      extra: this.#world.fraction() < 0.5,
      ignore: pick([['*.ignored'], ['*.ignored', '*.tmp'], ['*.ignored', '*.bak']]),
    });
  }

  /** Keys that have been rotated away, and the new ones a little later. */
  async #refuseCredentials(): Promise<void> {
    this.#count('credentials');
    await this.#world.credentials(false);
    this.#times('edit', 5, () => this.#change('drop'));
    await delay(2000);
    await this.#world.credentials(true);
    await this.attend();
  }

  async #outage(): Promise<void> {
    this.#count('outage');
    await this.#world.stopServer();
    for (let n = 0; n < 5; n += 1) {
      this.#change('mirror');
      await delay(OUTAGE_MS / 5);
    }
    await this.#world.startServer();
  }

  /** The lid is shut, and nothing of the engine runs. */
  async #sleep(): Promise<void> {
    this.#count('sleep');
    process.kill(this.#engine.pid, 'SIGSTOP');
    for (let n = 0; n < 5; n += 1) {
      this.#change('drop');
      await delay(SLEEP_MS / 5);
    }
    process.kill(this.#engine.pid, 'SIGCONT');
  }

  /** Another hand writes to an object, and its file changes as well. */
  async #meddle(): Promise<void> {
    const path = this.#known('drop');
    if (path === undefined) return;
    this.#count('meddle');
    await this.#world.rig.bucket.put(`drop/${path}`, noise(1 + this.#world.below(5000)));
    writeFileSync(this.#world.rig.at(path), noise(1 + this.#world.below(5000)));
  }

  async #call(): Promise<void> {
    this.#count('call');
    await this.#world.rig.json('call', 'POST', 'api:/records', '--body', '{}');
  }

  /** A window that follows for a while and goes, without a word. */
  async #watch(): Promise<void> {
    this.#count('watch');
    const watcher = this.#world.rig.spawn('--json', 'watch');
    await delay(3000);
    await watcher.kill('SIGKILL');
  }

  #name(directory: string): string {
    this.#named += 1;
    return `${directory}/${this.#named}.bin`;
  }

  #times(what: string, count: number, once: () => void): void {
    this.#count(what);
    for (let n = 0; n < count; n += 1) once();
  }

  #count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }
}
