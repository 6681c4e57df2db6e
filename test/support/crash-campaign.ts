/**
 * A campaign of violent deaths: a real engine process is killed at chosen and at random moments of its work for a real
 * server process, again and again, with files that come, change, move and go meanwhile. What is left is for the tests to
 * judge.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { OperationView } from '../../src/protocol/shapes.ts';
import { buildIsCurrent } from '../../tools/run/build-stamp.ts';
import type { LoggedRequest } from '../../tools/s3/counters.ts';
import { repositoryRoot } from '../../tools/setup/paths.ts';
import { CrashFiles } from './crash-files.ts';
import { sequenceOfMoments, strike, type Moment, type MomentName } from './crash-moments.ts';
import { MIB, noise, QUICK_RETRY, Rig, type RunningCommand } from './engine-harness.ts';
import { FaultProxy, type BadLine, type LineFault } from './fault-proxy.ts';
import { afterBody, startFaultServer, type FaultServer } from './fault-server.ts';
import { sha256, type ObjectPast } from './s3-bucket.ts';
import { seededFraction } from './seeded-fraction.ts';
import { startStandInProcess, type S3Process } from './s3-servers.ts';
import { StandInControl } from './stand-in-control.ts';
import { until } from './until.ts';

/** PUTs and parts in flight at once, over all files. */
export const TRANSFERS = 4;
/** So slow that a part takes about a second, so that kills find it under way. */
const PART_BYTES_PER_SECOND = 6_000_000;
/** Work that must be left, so that the next life has something to be killed at. */
const SUPPLY_BYTES = 80 * MIB;
/** Rounds of 5 s in which an engine may fail to answer, on a machine that has much other work. */
const PATIENCE = 12;
const ENGINE_LIMIT_MS = 60_000;
const CONTROL_TOKEN = 'crash-control';
const DRAIN_RUNS = 6;
const ORPHAN_LIMIT_MS = 90_000;
const SMALL_FILES = 40;
const MIRRORED_FILES = 30;
/** How long a life is waited for to come to its moment, ms. Then it is killed where it stands. */
const MOMENT_LIMIT_MS = 8000;
/** The stand-in remembers its last 20,000 requests: they are fetched before it forgets. */
const KILLS_A_LOG = 20;

export interface CampaignPlan {
  readonly seed: number;
  readonly kills: number;
  /** False: each kill hits parts under way. True: kills of every kind of moment, with folders that are mirrored and archived. */
  readonly everyMoment: boolean;
  /** No kill after so long, however many are left. */
  readonly minutes: number;
  /** Further kills at any moment after a start: while recovering, say. */
  readonly earlyKills: number;
  /** The server dies with the engine at each kill. */
  readonly serverDiesToo: boolean;
  /** What lies between engine and server; null: nothing. */
  readonly badLine: BadLine | null;
}

/** One kill, and what proves that it hit what it was meant to. */
export interface Kill {
  readonly moment: MomentName;
  /** The request of the moment had come; always, where time alone decides. */
  readonly hit: boolean;
  readonly openUploads: number;
  /** Bytes of parts that this life of the engine had got to the server. */
  readonly bytesThisLife: number;
  readonly signal: NodeJS.Signals | null;
}

export interface CampaignResult {
  readonly kills: readonly Kill[];
  readonly earlyKills: number;
  /** Per key, the SHA-256 of each state that the file had on disk, in order. */
  readonly states: ReadonlyMap<string, readonly string[]>;
  readonly sizes: ReadonlyMap<string, number>;
  /** Keys of files that their user has moved away or deleted, or that were archived. */
  readonly gone: ReadonlySet<string>;
  readonly past: ReadonlyMap<string, ObjectPast>;
  /** SHA-256 of the files in the archive, by their path there. */
  readonly archive: ReadonlyMap<string, string>;
  readonly openUploads: number;
  readonly operations: readonly OperationView[];
  /** Ids of calls whose queueing was acknowledged. */
  readonly acknowledgedCalls: readonly string[];
  /** Idempotency keys that the API has seen, with repetitions. */
  readonly callKeys: readonly string[];
  /** Items that were set aside because the engine died three times while they ran; each was retried. */
  readonly poisoned: number;
  /** What the bad line did. */
  readonly lineFaults: Readonly<Record<LineFault, number>>;
  /** Empty when the server died: its memory went with it. */
  readonly requests: readonly LoggedRequest[];
  readonly lastExitCode: number;
  /** Time until the last kill; what follows is settling and reading everything back. */
  readonly killingMs: number;
}

export async function runCampaign(plan: CampaignPlan): Promise<CampaignResult> {
  const campaign = await Campaign.open(plan);
  try {
    return await campaign.run();
  } finally {
    await campaign.close();
  }
}

const MID_UPLOAD: Moment = { name: 'part', share: 1, request: 'UploadPart', withinMs: 400, prepare: () => {} };

/** What was built starts in half the time; it is taken where it is what the sources say. */
async function builtOrSource(): Promise<string> {
  return join(repositoryRoot, (await buildIsCurrent()) ? 'dist/node/cli.js' : 'src/cli/main.ts');
}

class Campaign {
  readonly #plan: CampaignPlan;
  readonly #program: string;
  readonly #fraction: () => number;
  readonly #serverData: string;
  readonly #kills: Kill[] = [];
  readonly #acknowledged: string[] = [];
  readonly #callKeys: readonly string[];
  readonly #requests: LoggedRequest[] = [];
  #server: S3Process;
  readonly #control: StandInControl;
  readonly #rig: Rig;
  readonly #files: CrashFiles;
  readonly #api: FaultServer;
  readonly #proxy: FaultProxy | null;
  /** What of the large files is not in the counters of the server any more: it died with them. */
  #bytesForgotten = 0;
  #poisoned = 0;
  /** Of every two of them one queues a call: a number that no seed makes small. */
  #livesWithEngine = 0;

  private constructor(
    plan: CampaignPlan,
    program: string,
    serverData: string,
    server: S3Process,
    rig: Rig,
    api: FaultServer,
    callKeys: readonly string[],
    proxy: FaultProxy | null,
  ) {
    this.#plan = plan;
    this.#program = program;
    this.#fraction = seededFraction(plan.seed);
    this.#serverData = serverData;
    this.#server = server;
    this.#control = new StandInControl(server.endpoint, CONTROL_TOKEN);
    this.#rig = rig;
    this.#files = new CrashFiles(rig, this.#fraction);
    this.#api = api;
    this.#callKeys = callKeys;
    this.#proxy = proxy;
  }

  static async open(plan: CampaignPlan): Promise<Campaign> {
    const serverData = mkdtempSync(join(tmpdir(), 'longshore-crash-s3-'));
    const server = await startStandInProcess({ dataDir: serverData, controlToken: CONTROL_TOKEN });
    const keys: string[] = [];
    const api = await startFaultServer(
      afterBody((reply, _body, request) => {
        keys.push(String(request.headers['idempotency-key']));
        // Slow enough that some kills hit a call under way.
        setTimeout(() => reply.writeHead(200).end('{}'), 150);
      }),
    );
    const rig = await Rig.create(server);
    rig.patience = PATIENCE;
    await rig.bucket.enableVersioning();
    const proxy =
      plan.badLine === null ? null : await FaultProxy.start(server.endpoint, plan.badLine, seededFraction(~plan.seed));
    for (const name of ['mirror', 'inbox', 'archive']) mkdirSync(rig.folder(name));
    const more = [
      rig.folderConfig('mirror', { mode: 'mirror', deletes: { grace: '0s' } }),
      rig.folderConfig('inbox', { afterUpload: 'archive', archivePath: rig.folder('archive') }),
    ];
    rig.configure({
      folders: [rig.folderConfig('drop'), ...(plan.everyMoment ? more : [])],
      destination: {
        limits: { concurrency: TRANSFERS, partConcurrency: TRANSFERS },
        // A bad line is no reason to give up, however often it breaks.
        retry: { ...QUICK_RETRY, maxAttempts: 100 },
        ...(proxy === null ? {} : { endpoint: proxy.endpoint, stallTimeout: '5s' }),
      },
      providers: { api: { baseUrl: api.url, retry: { ...QUICK_RETRY, maxAttempts: 100 } } },
    });
    return new Campaign(plan, await builtOrSource(), serverData, server, rig, api, keys, proxy);
  }

  async run(): Promise<CampaignResult> {
    const beganMs = performance.now();
    const plan = this.#plan;
    const files = this.#files;
    for (let n = 0; n < SMALL_FILES; n += 1) files.write('drop', `small/${n}.txt`, noise(1 + 1000 * n));
    files.write('drop', 'edited/big.bin', noise(30 * MIB));
    if (plan.everyMoment) files.add('mirror', MIRRORED_FILES);
    const moments = plan.everyMoment
      ? sequenceOfMoments(plan.kills, this.#fraction)
      : Array.from({ length: plan.kills }, () => MID_UPLOAD);
    let early = plan.earlyKills;
    for (const moment of moments) {
      if (performance.now() - beganMs > plan.minutes * 60_000) break;
      await this.#supply();
      if (early > 0 && this.#fraction() < 0.2) {
        early -= 1;
        await this.#killEarly();
      }
      await this.#killAt(moment);
      files.edit(SMALL_FILES);
      if (this.#fraction() < 0.25)
        files.write('drop', 'edited/big.bin', noise((20 + Math.floor(this.#fraction() * 15)) * MIB));
      if (this.#kills.length % KILLS_A_LOG > 0) continue;
      await this.#fetchLog();
      const each = (performance.now() - beganMs) / 1000 / this.#kills.length;
      console.log(`${this.#kills.length} of ${plan.kills} kills, ${each.toFixed(1)} s each`);
    }
    const killingMs = performance.now() - beganMs;
    return { ...(await this.#settle(plan.earlyKills - early)), killingMs };
  }

  async close(): Promise<void> {
    await this.#rig.close();
    await this.#api.close();
    await this.#proxy?.close();
    await this.#server.close();
    rmSync(this.#serverData, { recursive: true, force: true });
  }

  /** Parts are slow; and what the moment's own request meets, if anything. */
  async #arm(moment: Moment | null): Promise<void> {
    const slow = { kind: 'bandwidth', bytesPerSecond: PART_BYTES_PER_SECOND } as const;
    const rule = moment === null ? null : strike(moment, this.#fraction());
    await this.#control.setFaults([{ operation: 'UploadPart', fault: slow }, ...(rule === null ? [] : [rule])]);
  }

  async #partBytes(): Promise<number> {
    return (await this.#control.counters()).operations.UploadPart?.requestBodyBytes ?? 0;
  }

  /** New large files, as long as the next life would have too little to send. */
  async #supply(): Promise<void> {
    const sent = await this.#partBytes();
    const files = this.#files;
    while (files.bigBytes - this.#bytesForgotten - sent < SUPPLY_BYTES && files.bigFiles < 10 * this.#plan.kills) {
      files.addBig((20 + Math.floor(this.#fraction() * 40)) * MIB + Math.floor(this.#fraction() * MIB));
    }
  }

  async #killEarly(): Promise<void> {
    await this.#arm(null);
    const engine = this.#engine('run');
    await delay(this.#fraction() * 800);
    await engine.kill('SIGKILL');
  }

  async #killAt(moment: Moment): Promise<void> {
    await this.#arm(moment);
    const bytesBefore = await this.#partBytes();
    if (moment.name !== 'plan') moment.prepare(this.#files);
    const engine = this.#engine('run');
    if (moment.name !== 'start') {
      await this.#rig.untilEngine(ENGINE_LIMIT_MS);
      await this.#retryPoisoned();
      if (!this.#plan.everyMoment || this.#livesWithEngine % 2 === 0) await this.#queueCall();
      this.#livesWithEngine += 1;
    }
    if (moment.name === 'plan') moment.prepare(this.#files);
    const hit = await this.#comesTo(moment, bytesBefore);
    await delay(this.#fraction() * moment.withinMs);
    const counters = await this.#control.counters();
    const [{ signal }] = await Promise.all([
      this.#kill(engine),
      this.#plan.serverDiesToo ? this.#restartServer() : null,
    ]);
    this.#kills.push({
      moment: moment.name,
      hit,
      openUploads: counters.openUploads,
      bytesThisLife: (counters.operations.UploadPart?.requestBodyBytes ?? 0) - bytesBefore,
      signal,
    });
  }

  /** Waits for the request of the moment: a part's first bytes, or any other's arrival. */
  async #comesTo({ name, request }: Moment, bytesBefore: number): Promise<boolean> {
    if (request === null) return true;
    const isUnderWay =
      request === 'UploadPart'
        ? async () => (await this.#partBytes()) > bytesBefore
        : async () => ((await this.#control.seen()).at(-1) ?? 0) > 0;
    try {
      await until(`a kill at ${name}`, isUnderWay, this.#plan.everyMoment ? MOMENT_LIMIT_MS : 30_000);
      return true;
    } catch (error) {
      if (!this.#plan.everyMoment) throw error;
      return false;
    }
  }

  #engine(...args: readonly string[]): RunningCommand {
    return this.#rig.spawnProgram([this.#program], {}, ...args);
  }

  async #kill(engine: RunningCommand) {
    await engine.kill('SIGKILL');
    return await engine.ended;
  }

  async #restartServer(): Promise<void> {
    const port = Number(new URL(this.#server.endpoint).port);
    await this.#server.kill('SIGKILL');
    this.#server = await startStandInProcess({ dataDir: this.#serverData, controlToken: CONTROL_TOKEN, port });
    this.#bytesForgotten = this.#files.bigBytes;
  }

  /** An engine that dies three times in a row over one item sets it aside, visibly; a person says: again. */
  async #retryPoisoned(): Promise<void> {
    const failed = await this.#rig.ls('--state', 'failed,conflict');
    const other = failed.find(({ error }) => error?.code !== 'internal.crash-loop');
    if (other !== undefined) throw new Error(`stopped for another reason: ${JSON.stringify(other)}`);
    if (failed.length === 0) return;
    this.#poisoned += failed.length;
    await this.#rig.json('retry', '--failed');
  }

  async #queueCall(): Promise<void> {
    const { exitCode, out } = await this.#rig.cli('--json', 'call', 'POST', 'api:/records', '--body', '{}');
    if (exitCode === 0) this.#acknowledged.push((JSON.parse(out) as { id: string }).id);
  }

  async #fetchLog(): Promise<void> {
    if (this.#plan.serverDiesToo) return;
    const last = this.#requests.at(-1)?.sequence ?? 0;
    const fresh = (await this.#control.log()).filter(({ sequence }) => sequence > last);
    const first = fresh[0]?.sequence ?? last + 1;
    if (first !== last + 1) throw new Error(`the server has forgotten its requests ${last + 1} to ${first - 1}`);
    this.#requests.push(...fresh);
  }

  /** A kill between a Create and the record of its id leaves an upload that is looked for only a minute later. */
  async #waitForOrphans(): Promise<void> {
    const none = async () => (await this.#rig.bucket.openUploads()).length === 0;
    if (await none()) return;
    const engine = this.#engine('run');
    try {
      await until('orphans are gone', none, ORPHAN_LIMIT_MS);
    } finally {
      await engine.kill('SIGTERM');
    }
  }

  /** Without brakes and kills, until nothing is left to do. */
  async #settle(earlyKills: number): Promise<Omit<CampaignResult, 'killingMs'>> {
    await this.#control.setFaults([]);
    this.#proxy?.calm();
    let lastExitCode = -1;
    for (let run = 0; run < DRAIN_RUNS && lastExitCode !== 0; run += 1) {
      const { exitCode, out, err } = await this.#engine('--json', 'run', '--once').ended;
      if (exitCode !== 0 && exitCode !== 3) throw new Error(`run --once ended with ${exitCode}: ${out}${err}`);
      lastExitCode = exitCode;
      if (exitCode === 3) await this.#retryPoisoned();
    }
    await this.#waitForOrphans();
    await this.#fetchLog();
    return {
      kills: this.#kills,
      earlyKills,
      states: this.#files.states,
      sizes: this.#files.sizes,
      gone: this.#files.gone,
      past: await this.#rig.bucket.past(),
      archive: this.#archive(),
      openUploads: (await this.#rig.bucket.openUploads()).length,
      operations: await this.#rig.ls('--limit', '100000'),
      acknowledgedCalls: this.#acknowledged,
      callKeys: this.#callKeys,
      poisoned: this.#poisoned,
      lineFaults: this.#proxy?.faults ?? { reset: 0, stall: 0, 'half-close': 0, close: 0 },
      requests: this.#requests,
      lastExitCode,
    };
  }

  #archive(): Map<string, string> {
    const root = this.#rig.folder('archive');
    const found = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return new Map(
      found.map(({ parentPath, name }) => {
        const file = join(parentPath, name);
        return [relative(root, file), sha256(readFileSync(file))];
      }),
    );
  }
}
