/**
 * Lets a real engine work for a long time on a bad line, with files that come, change, move and go, and with pauses, and
 * watches whether its memory, handles and database stay flat. `npm run soak -- --minutes 60 [--seed N]`. Ends with 1 when
 * something grew, differs or was left over.
 */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MIB, noise, QUICK_RETRY, Rig } from '../support/engine-harness.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { seededFraction } from '../support/seeded-fraction.ts';
import { startStandInProcess } from '../support/s3-servers.ts';
import { judgeSoak, type Sample } from './judge-soak.ts';

const SAMPLE_MS = 15_000;
const MAX_FILES = 1500;
const SETTLE_MS = 180_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const minutes = Number(values.minutes);
const fraction = seededFraction(Number(values.seed));
const below = (count: number): number => Math.floor(fraction() * count);

function sample(pid: number, dataDir: string, counts: Readonly<Record<string, number>>): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'mu').exec(status)?.[1] ?? 0);
  const size = (file: string): number => statSync(join(dataDir, file), { throwIfNoEntry: false })?.size ?? 0;
  return {
    atMs: performance.now(),
    rssMiB: field('VmRSS') / 1024,
    handles: readdirSync(`/proc/${pid}/fd`).length,
    threads: field('Threads'),
    databaseMiB: size('longshore.db') / MIB,
    logMiB: size('longshore.db-wal') / MIB,
    open: (counts['pending'] ?? 0) + (counts['running'] ?? 0) + (counts['waiting'] ?? 0),
    done: counts['succeeded'] ?? 0,
  };
}

const serverData = mkdtempSync(join(tmpdir(), 'longshore-soak-s3-'));
const server = await startStandInProcess({ dataDir: serverData });
const line = { bytesBetweenFaults: 20 * MIB, stallMs: 20_000, bytesPerSecond: 8 * MIB };
const proxy = await FaultProxy.start(server.endpoint, line, seededFraction(Number(values.seed) + 1));
const rig = await Rig.create(server);
rig.configure({
  destination: { endpoint: proxy.endpoint, stallTimeout: '5s', retry: { ...QUICK_RETRY, maxAttempts: 100 } },
});

const files: string[] = [];
let written = 0;
/** One thing that people and programs do to a folder. */
function change(): void {
  const kind = fraction();
  const known = files[below(files.length)];
  if (known !== undefined && (kind < 0.15 || files.length >= MAX_FILES)) {
    rmSync(rig.at(known));
    files.splice(files.indexOf(known), 1);
  } else if (known !== undefined && kind < 0.3) {
    const to = `moved/${written}.bin`;
    rig.write('moved/.keep', '');
    renameSync(rig.at(known), rig.at(to));
    files[files.indexOf(known)] = to;
  } else if (known !== undefined && kind < 0.6) {
    writeFileSync(rig.at(known), noise(1 + below(200_000)));
  } else {
    const sizeBytes = kind > 0.985 ? (8 + below(16)) * MIB : 1 + below(60_000);
    const path = `d${below(40)}/${written}.bin`;
    rig.write(path, noise(sizeBytes));
    files.push(path);
  }
  written += 1;
}

const samples: Sample[] = [];
const engine = rig.spawn('run');
let failure: unknown = null;
try {
  await rig.untilEngine();
  console.log(`soak of ${minutes} minutes, seed ${values.seed}`);
  const endAtMs = performance.now() + minutes * 60_000;
  let nextSampleMs = performance.now() + SAMPLE_MS;
  let paused = false;
  while (performance.now() < endAtMs) {
    const burst = fraction() < 0.01 ? 200 : 1;
    for (let n = 0; n < burst; n += 1) change();
    if (fraction() < 0.004) {
      paused = !paused;
      await rig.json(paused ? 'pause' : 'resume');
    }
    if (performance.now() >= nextSampleMs) {
      nextSampleMs += SAMPLE_MS;
      // A pause is a rest, not an end.
      if (paused) await rig.json('resume');
      paused = false;
      const taken = sample(engine.pid, rig.dataDir, (await rig.status()).counts);
      samples.push(taken);
      if (samples.length % 4 === 0) {
        const { rssMiB, handles, threads, databaseMiB, open, done } = taken;
        console.log(
          `${samples.length / 4} min: ${rssMiB.toFixed(0)} MiB, ${handles} handles, ${threads} threads, database ${databaseMiB.toFixed(0)} MiB, ${open} open, ${done} done`,
        );
      }
    }
    await delay(20 + below(200));
  }
  proxy.calm();
  await rig.json('resume');
  await rig.untilQuiet(SETTLE_MS);
  await rig.rescan();
  await rig.untilQuiet(SETTLE_MS);
  const different: string[] = [];
  for (const path of files) {
    const stored = await rig.bucket.get(`drop/${path}`);
    if (stored === null || !stored.body.equals(readFileSync(rig.at(path)))) different.push(path);
  }
  const attention = [...(await rig.ls('--state', 'failed')), ...(await rig.ls('--state', 'conflict'))];
  for (const { id } of attention) console.error(JSON.stringify(await rig.show(id)));
  const verdict = judgeSoak(samples);
  console.table({
    minutes,
    changes: written,
    'files at the end': files.length,
    'different at the service': different.length,
    'failed or in conflict': attention.length,
    'open uploads': (await rig.bucket.openUploads()).length,
    ...proxy.faults,
  });
  console.table(verdict.table);
  const wrong = [
    ...verdict.grew.map((what) => `${what} grew`),
    ...different.map((path) => `${path} differs`),
    ...(attention.length > 0 ? [`${attention.length} items failed`] : []),
    ...((await rig.bucket.openUploads()).length > 0 ? ['uploads were left open'] : []),
  ];
  if (wrong.length > 0) throw new Error(wrong.slice(0, 20).join('\n'));
} catch (error) {
  failure = error;
} finally {
  await engine.kill('SIGTERM');
  await rig.close();
  await proxy.close();
  await server.close();
  rmSync(serverData, { recursive: true, force: true });
}
if (failure !== null) {
  console.error(failure);
  process.exitCode = 1;
}
