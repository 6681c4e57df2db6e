/**
 * A campaign of violent deaths: a real engine process is killed at random moments while it uploads to a real server
 * process, again and again, with files that come and change meanwhile. What is left is for the tests to judge.
 */
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { OperationView } from '../../src/protocol/shapes.ts';
import type { LoggedRequest } from '../../tools/s3/counters.ts';
import { MIB, noise, QUICK_RETRY, Rig, type RunningCommand } from './engine-harness.ts';
import { FaultProxy, type BadLine, type LineFault } from './fault-proxy.ts';
import { afterBody, startFaultServer, type FaultServer } from './fault-server.ts';
import { sha256 } from './s3-bucket.ts';
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
const CONTROL_TOKEN = 'crash-control';
const DRAIN_RUNS = 6;
const ORPHAN_LIMIT_MS = 90_000;

export interface CampaignPlan {
  readonly seed: number;
  /** Kills while an upload is under way. */
  readonly kills: number;
  /** Further kills at any moment after a start: while recovering, say. */
  readonly earlyKills: number;
  /** The server dies with the engine at each kill. */
  readonly serverDiesToo: boolean;
  /** What lies between engine and server; null: nothing. */
  readonly badLine: BadLine | null;
}

/** One kill, and what proves that it hit a transfer. */
export interface Kill {
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
  /** Per key, the SHA-256 of each version that ever was visible, in order. */
  readonly history: ReadonlyMap<string, readonly string[]>;
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
}

export async function runCampaign(plan: CampaignPlan): Promise<CampaignResult> {
  const campaign = await Campaign.open(plan);
  try {
    return await campaign.run();
  } finally {
    await campaign.close();
  }
}

class Campaign {
  readonly #plan: CampaignPlan;
  readonly #fraction: () => number;
  readonly #serverData: string;
  readonly #states = new Map<string, string[]>();
  readonly #sizes = new Map<string, number>();
  readonly #kills: Kill[] = [];
  readonly #acknowledged: string[] = [];
  readonly #callKeys: readonly string[];
  #server: S3Process;
  readonly #control: StandInControl;
  readonly #rig: Rig;
  readonly #api: FaultServer;
  readonly #proxy: FaultProxy | null;
  #bigFiles = 0;
  #bytesWritten = 0;
  #poisoned = 0;

  private constructor(
    plan: CampaignPlan,
    serverData: string,
    server: S3Process,
    rig: Rig,
    api: FaultServer,
    callKeys: readonly string[],
    proxy: FaultProxy | null,
  ) {
    this.#plan = plan;
    this.#fraction = seededFraction(plan.seed);
    this.#serverData = serverData;
    this.#server = server;
    this.#control = new StandInControl(server.endpoint, CONTROL_TOKEN);
    this.#rig = rig;
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
    await rig.bucket.enableVersioning();
    const proxy =
      plan.badLine === null ? null : await FaultProxy.start(server.endpoint, plan.badLine, seededFraction(~plan.seed));
    rig.configure({
      destination: {
        limits: { concurrency: TRANSFERS, partConcurrency: TRANSFERS },
        // A bad line is no reason to give up, however often it breaks.
        retry: { ...QUICK_RETRY, maxAttempts: 100 },
        ...(proxy === null ? {} : { endpoint: proxy.endpoint, stallTimeout: '5s' }),
      },
      providers: { api: { baseUrl: api.url, retry: { ...QUICK_RETRY, maxAttempts: 100 } } },
    });
    return new Campaign(plan, serverData, server, rig, api, keys, proxy);
  }

  async run(): Promise<CampaignResult> {
    await this.#throttle();
    for (let n = 0; n < 40; n += 1) this.#write(`small/${n}.txt`, noise(1 + Math.floor(this.#fraction() * 50_000)));
    this.#write('edited/big.bin', noise(30 * MIB));
    let early = this.#plan.earlyKills;
    while (this.#kills.length < this.#plan.kills) {
      await this.#supply();
      if (early > 0 && this.#fraction() < 0.2) {
        early -= 1;
        await this.#killEarly();
      }
      await this.#killUnderWay();
      this.#edit();
    }
    return await this.#settle(this.#plan.earlyKills - early);
  }

  async close(): Promise<void> {
    await this.#rig.close();
    await this.#api.close();
    await this.#proxy?.close();
    await this.#server.close();
    rmSync(this.#serverData, { recursive: true, force: true });
  }

  async #throttle(): Promise<void> {
    const fault = { kind: 'bandwidth', bytesPerSecond: PART_BYTES_PER_SECOND } as const;
    await this.#control.setFaults([{ operation: 'UploadPart', fault }]);
  }

  /** A new state of a file, complete at once: as programs save, by a rename. */
  #write(path: string, bytes: Buffer): void {
    const key = `drop/${path}`;
    this.#rig.write(`${path}.tmp`, bytes);
    renameSync(this.#rig.at(`${path}.tmp`), this.#rig.at(path));
    this.#states.set(key, [...(this.#states.get(key) ?? []), sha256(bytes)]);
    this.#sizes.set(key, bytes.length);
  }

  /** New large files, as long as the next life would have too little to send. */
  async #supply(): Promise<void> {
    const sent = (await this.#control.counters()).operations.UploadPart?.requestBodyBytes ?? 0;
    // Where the server died its counters start at nothing: each round brings its own file then.
    while (this.#bytesWritten - sent < SUPPLY_BYTES && this.#bigFiles < 10 * this.#plan.kills) {
      const sizeBytes = (20 + Math.floor(this.#fraction() * 40)) * MIB + Math.floor(this.#fraction() * MIB);
      this.#write(`big/${this.#bigFiles}.bin`, noise(sizeBytes));
      this.#bigFiles += 1;
      this.#bytesWritten += sizeBytes;
    }
  }

  #edit(): void {
    const n = Math.floor(this.#fraction() * 40);
    this.#write(`small/${n}.txt`, noise(1 + Math.floor(this.#fraction() * 50_000)));
    if (this.#fraction() < 0.25) this.#write('edited/big.bin', noise((20 + Math.floor(this.#fraction() * 15)) * MIB));
  }

  async #killEarly(): Promise<void> {
    const engine = this.#rig.spawn('run');
    await delay(this.#fraction() * 800);
    await engine.kill('SIGKILL');
  }

  async #killUnderWay(): Promise<void> {
    const bytes = async () => (await this.#control.counters()).operations.UploadPart?.requestBodyBytes ?? 0;
    const before = await bytes();
    const engine = this.#rig.spawn('run');
    await this.#rig.untilEngine();
    await this.#retryPoisoned();
    await until('parts are on their way', async () => (await bytes()) > before, 30_000);
    await this.#queueCall();
    await delay(this.#fraction() * 400);
    const counters = await this.#control.counters();
    const [{ signal }] = await Promise.all([
      this.#kill(engine),
      this.#plan.serverDiesToo ? this.#restartServer() : null,
    ]);
    this.#kills.push({
      openUploads: counters.openUploads,
      bytesThisLife: (counters.operations.UploadPart?.requestBodyBytes ?? 0) - before,
      signal,
    });
  }

  async #kill(engine: RunningCommand) {
    await engine.kill('SIGKILL');
    return await engine.ended;
  }

  async #restartServer(): Promise<void> {
    const port = Number(new URL(this.#server.endpoint).port);
    await this.#server.kill('SIGKILL');
    this.#server = await startStandInProcess({ dataDir: this.#serverData, controlToken: CONTROL_TOKEN, port });
    await this.#throttle();
    this.#bytesWritten = 0;
  }

  /** An engine that dies three times in a row over one item sets it aside, visibly; a person says: again. */
  async #retryPoisoned(): Promise<void> {
    const failed = await this.#rig.ls('--state', 'failed');
    const other = failed.find(({ error }) => error?.code !== 'internal.crash-loop');
    if (other !== undefined) throw new Error(`failed for another reason: ${JSON.stringify(other)}`);
    if (failed.length === 0) return;
    this.#poisoned += failed.length;
    await this.#rig.json('retry', '--failed');
  }

  async #queueCall(): Promise<void> {
    const { exitCode, out } = await this.#rig.cli('--json', 'call', 'POST', 'api:/records', '--body', '{}');
    if (exitCode === 0) this.#acknowledged.push((JSON.parse(out) as { id: string }).id);
  }

  /** A kill between a Create and the record of its id leaves an upload that is looked for only a minute later. */
  async #waitForOrphans(): Promise<void> {
    const none = async () => (await this.#rig.bucket.openUploads()).length === 0;
    if (await none()) return;
    const engine = this.#rig.spawn('run');
    try {
      await until('orphans are gone', none, ORPHAN_LIMIT_MS);
    } finally {
      await engine.kill('SIGTERM');
    }
  }

  /** Without brakes and kills, until nothing is left to do. */
  async #settle(earlyKills: number): Promise<CampaignResult> {
    await this.#control.setFaults([]);
    this.#proxy?.calm();
    let lastExitCode = -1;
    for (let run = 0; run < DRAIN_RUNS && lastExitCode !== 0; run += 1) {
      const { exitCode, out, err } = await this.#rig.spawn('--json', 'run', '--once').ended;
      if (exitCode !== 0 && exitCode !== 3) throw new Error(`run --once ended with ${exitCode}: ${out}${err}`);
      lastExitCode = exitCode;
      if (exitCode === 3) await this.#retryPoisoned();
    }
    await this.#waitForOrphans();
    return {
      kills: this.#kills,
      earlyKills,
      states: this.#states,
      sizes: this.#sizes,
      history: await this.#rig.bucket.history(),
      openUploads: (await this.#rig.bucket.openUploads()).length,
      operations: await this.#rig.ls(),
      acknowledgedCalls: this.#acknowledged,
      callKeys: this.#callKeys,
      poisoned: this.#poisoned,
      lineFaults: this.#proxy?.faults ?? { reset: 0, stall: 0, 'half-close': 0, close: 0 },
      requests: this.#plan.serverDiesToo ? [] : await this.#control.log(),
      lastExitCode,
    };
  }
}
