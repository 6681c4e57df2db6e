/**
 * Lets a real engine work for a long time on a bad line, among people, programs and services that do what they do
 * (`soak-actions.ts`), and watches whether its memory, handles and database stay flat. Ends with 1 when something grew,
 * differs or was left over.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { engineEnv, v8Flags } from '../../tools/run/engine-runtime.mjs';
import { ensureBuild } from '../../tools/run/ensure-build.ts';
import { sampleEngine } from './engine-sample.ts';
import { judgeSoak, type Sample, type SoakVerdict } from './judge-soak.ts';
import { SoakActions } from './soak-actions.ts';
import { SoakWorld } from './soak-world.ts';

const USAGE = `npm run soak -- [--minutes M] [--seed N] [--from dist|src]

A real engine for M minutes (default 60). --from src runs it from its sources, where each thread loads the compiler that
strips types: some 10 MiB more.`;

const SAMPLE_MS = 15_000;
const SETTLE_MS = 300_000;
/** A conflict that is settled can make the next one; so often at most. */
const ATTEND_ROUNDS = 10;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    from: { type: 'string', default: 'dist' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

async function programOf(from: string): Promise<string> {
  const root = resolve(import.meta.dirname, '../..');
  if (from === 'src') return join(root, 'src/cli/main.ts');
  if (from !== 'dist') throw new Error(`--from is dist or src, not ${from}`);
  if (!(await ensureBuild())) throw new Error('the build failed');
  return join(root, 'dist/node/cli.js');
}

/** Until nothing is to be done any more, and nobody has to do anything. */
async function settle(world: SoakWorld, actions: SoakActions): Promise<void> {
  const { rig } = world;
  world.proxy.calm();
  world.change({ uploadKiBps: 0, extra: true });
  await rig.json('resume');
  for (let round = 0; round < ATTEND_ROUNDS; round += 1) {
    await rig.untilQuiet(SETTLE_MS);
    await rig.rescan('drop');
    const { counts } = await rig.untilQuiet(SETTLE_MS);
    if (counts.failed + counts.conflict === 0) return;
    await actions.attend();
  }
}

function show({ trends }: SoakVerdict): void {
  const number = (value: number) => value.toFixed(1);
  console.log('| measure | first third | last third | most | an hour adds |\n|---|---:|---:|---:|---:|');
  for (const [measure, { first, last, most, slopePerHour, slopeError }] of Object.entries(trends)) {
    const slope = `${number(slopePerHour)} ± ${number(slopeError)}`;
    console.log(`| ${measure} | ${number(first)} | ${number(last)} | ${number(most)} | ${slope} |`);
  }
}

function tell(minute: number, sample: Sample): void {
  const { rssMiB, heapMiB, heapUsedMiB, externalMiB, allocatorMiB, handles, databaseMiB, open, done } = sample;
  const whole = (value: number) => value.toFixed(0);
  console.log(
    `${minute} min: ${whole(rssMiB)} MiB (heap ${whole(heapUsedMiB)} of ${whole(heapMiB)}, external ${whole(externalMiB)}, allocator ${whole(allocatorMiB)}), ${handles} handles, database ${whole(databaseMiB)} MiB, ${open} open, ${done} done`,
  );
}

async function soak(minutes: number, world: SoakWorld, program: string, probeDir: string): Promise<string[]> {
  const { rig } = world;
  const probe = pathToFileURL(resolve(import.meta.dirname, 'memory-probe.mjs')).href;
  // As `bin/longshore.js` starts it.
  const env = { ...engineEnv, LONGSHORE_SOAK_PROBE: probeDir };
  const engine = rig.spawnProgram([...v8Flags, '--import', probe, program], env, 'run');
  const actions = new SoakActions(world, engine);
  const samples: Sample[] = [];
  await rig.untilEngine();
  const endAtMs = performance.now() + minutes * 60_000;
  let nextSampleMs = performance.now() + SAMPLE_MS;
  while (performance.now() < endAtMs) {
    await actions.act();
    if (engine.hasEnded) throw new Error(`the engine ended: ${engine.output}`);
    if (performance.now() >= nextSampleMs) {
      nextSampleMs = performance.now() + SAMPLE_MS;
      await actions.attend();
      const sample = sampleEngine(engine.pid, rig.dataDir, probeDir, (await rig.status()).counts);
      samples.push(sample);
      if (samples.length % 4 === 0) tell(samples.length / 4, sample);
    }
    await delay(20 + world.below(200));
  }
  await settle(world, actions);
  const differences = await world.differences(actions.besides, actions.keptRemote);
  const attention = await rig.ls('--state', 'failed,conflict');
  for (const { id } of attention) console.error(JSON.stringify(await rig.show(id)));
  const openUploads = (await rig.bucket.openUploads()).length;
  await engine.kill('SIGTERM');
  const { exitCode } = await engine.ended;
  const verdict = judgeSoak(samples);
  console.table({ minutes, ...actions.counts, ...world.proxy.faults, 'no answer for 5 s': rig.silences });
  console.log(`files ${world.files('drop').length + world.files('mirror').length}, differences ${differences.length}`);
  console.log(`needing attention ${attention.length}, open uploads ${openUploads}`);
  show(verdict);
  console.log(verdict.grew.length === 0 ? 'flat' : `not flat: ${verdict.grew.join(', ')}`);
  return [
    ...verdict.grew.map((what) => `${what} grew`),
    ...differences,
    ...(attention.length > 0 ? [`${attention.length} items failed`] : []),
    ...(exitCode === 0 ? [] : [`the engine ended with ${exitCode}`]),
    ...(openUploads > 0 ? [`${openUploads} uploads were left open`] : []),
  ];
}

async function main(): Promise<boolean> {
  const program = await programOf(values.from);
  console.log(`soak of ${values.minutes} minutes from ${values.from}, seed ${values.seed}`);
  const probeDir = mkdtempSync(join(tmpdir(), 'longshore-soak-probe-'));
  const world = await SoakWorld.open(Number(values.seed));
  try {
    const wrong = await soak(Number(values.minutes), world, program, probeDir);
    for (const line of wrong.slice(0, 20)) console.error(line);
    return wrong.length === 0;
  } finally {
    await world.close();
    rmSync(probeDir, { recursive: true, force: true });
  }
}

if (values.help) console.log(USAGE);
else process.exitCode = (await main()) ? 0 : 1;
