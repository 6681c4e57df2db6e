/** What surrounds the engine in a soak: its folders and configuration, the service on a bad line, an API, another hand. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, relative } from 'node:path';
import { MIB, QUICK_RETRY, Rig, type ConfigPatch } from '../support/engine-harness.ts';
import { FaultProxy, type BadLine } from '../support/fault-proxy.ts';
import { afterBody, startFaultServer, type FaultServer } from '../support/fault-server.ts';
import { sha256 } from '../support/s3-bucket.ts';
import { seededFraction } from '../support/seeded-fraction.ts';
import { startStandInProcess, type S3Process } from '../support/s3-servers.ts';

const LINE: BadLine = { bytesBetweenFaults: 20 * MIB, stallMs: 20_000, bytesPerSecond: 8 * MIB };
const SECRET = 's3';
/** Rounds of 5 s each in which the engine may fail to answer. */
const PATIENCE = 12;
/** How a mirrored folder is known again. */
const MARKER = '.longshore-folder';

/** What people change in the configuration while the engine runs. */
export interface Settings {
  readonly uploadKiBps: number;
  readonly concurrency: number;
  /** A third folder comes and goes. */
  readonly extra: boolean;
  readonly ignore: readonly string[];
}

export class SoakWorld {
  readonly rig: Rig;
  readonly fraction: () => number;
  readonly proxy: FaultProxy;
  readonly api: FaultServer;
  readonly #serverData: string;
  #server: S3Process;
  #settings: Settings = { uploadKiBps: 0, concurrency: 16, extra: false, ignore: ['*.ignored'] };

  private constructor(
    rig: Rig,
    fraction: () => number,
    proxy: FaultProxy,
    api: FaultServer,
    server: S3Process,
    serverData: string,
  ) {
    this.rig = rig;
    this.fraction = fraction;
    this.proxy = proxy;
    this.api = api;
    this.#server = server;
    this.#serverData = serverData;
  }

  static async open(seed: number): Promise<SoakWorld> {
    const serverData = mkdtempSync(join(tmpdir(), 'longshore-soak-s3-'));
    const server = await startStandInProcess({ dataDir: serverData });
    const proxy = await FaultProxy.start(server.endpoint, LINE, seededFraction(seed + 1));
    const api = await startFaultServer(
      afterBody((reply) => {
        reply.writeHead(200).end('{}');
      }),
    );
    const rig = await Rig.create(server);
    rig.patience = PATIENCE;
    for (const name of ['mirror', 'extra', 'archive']) mkdirSync(rig.folder(name));
    const world = new SoakWorld(rig, seededFraction(seed), proxy, api, server, serverData);
    world.change({});
    await world.credentials(true);
    return world;
  }

  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** Writes the configuration anew, as a person with an editor would; the engine takes it over while it runs. */
  change(settings: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...settings };
    const { uploadKiBps, concurrency, extra, ignore } = this.#settings;
    const { rig } = this;
    const archived = { afterUpload: 'archive', archivePath: rig.folder('archive') };
    const patch: ConfigPatch = {
      folders: [
        rig.folderConfig('drop', { ignore }),
        rig.folderConfig('mirror', { mode: 'mirror', deletes: { grace: '2s' }, ignore }),
        ...(extra ? [rig.folderConfig('extra', archived)] : []),
      ],
      destination: {
        endpoint: this.proxy.endpoint,
        credentials: { secret: SECRET },
        stallTimeout: '5s',
        retry: { ...QUICK_RETRY, maxAttempts: 100 },
        limits: { concurrency },
      },
      providers: { api: { baseUrl: this.api.url, retry: { ...QUICK_RETRY, maxAttempts: 100 } } },
      sections: { limits: { uploadKiBps } },
    };
    rig.configure(patch);
  }

  /** The key pair of the service, or one that it refuses. */
  async credentials(areRight: boolean): Promise<void> {
    const { accessKeyId, secretAccessKey } = this.#server.credentials;
    const pair = `${accessKeyId}:${areRight ? secretAccessKey : 'no-longer-right'}`;
    const { exitCode, out, err } = await this.rig.cliWithInput(pair, '--json', 'secret', 'set', SECRET);
    if (exitCode !== 0) throw new Error(`secret set: ${out}${err}`);
  }

  /** The service dies; `startServer` brings it back where it was, with all that it had. */
  async stopServer(): Promise<void> {
    await this.#server.kill('SIGKILL');
  }

  async startServer(): Promise<void> {
    const port = Number(new URL(this.#server.endpoint).port);
    this.#server = await startStandInProcess({ dataDir: this.#serverData, port });
  }

  /** All files of a folder that should be in the storage now. */
  files(folder: string): string[] {
    const root = this.rig.folder(folder);
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== MARKER && !entry.name.endsWith('.ignored'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  }

  /**
   * What differs between the folders and the storage: keys, with a word. Of files in `besides` both versions were kept:
   * theirs went up under a name beside the other's. Those in `keptRemote` may stay as they were at the hash given there.
   */
  async differences(besides: ReadonlySet<string>, keptRemote: ReadonlyMap<string, string>): Promise<string[]> {
    const wrong: string[] = [];
    const keys = await this.rig.bucket.keys();
    for (const folder of ['drop', 'mirror']) {
      for (const path of this.files(folder)) {
        const key = `${folder}/${path}`;
        const stem = key.slice(0, -extname(key).length);
        const names = besides.has(key) ? keys.filter((name) => name.startsWith(stem)) : [key];
        const stored = await Promise.all(names.map((name) => this.rig.bucket.get(name)));
        const bytes = readFileSync(this.rig.at(path, folder));
        if (keptRemote.get(key) === sha256(bytes)) continue;
        if (!stored.some((object) => object?.body.equals(bytes) === true)) wrong.push(`${key} is not what the file is`);
      }
    }
    const mirrored = new Set(this.files('mirror').map((path) => `mirror/${path}`));
    for (const key of keys) {
      if (key.startsWith('mirror/') && !mirrored.has(key)) wrong.push(`${key} should have gone`);
    }
    return wrong;
  }

  async close(): Promise<void> {
    await this.rig.close();
    await this.proxy.close();
    await this.api.close();
    await this.#server.close();
    rmSync(this.#serverData, { recursive: true, force: true });
  }
}
