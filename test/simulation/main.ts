import { runSeed } from './run-seed.ts';
const from = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? 1);
const t0 = performance.now();
const steps: number[] = [];
let bad = 0;
for (let seed = from; seed < from + count; seed += 1) {
  const r = await runSeed(seed, process.argv[4] === 'trace');
  steps.push(r.steps);
  if (r.violations.length > 0) {
    bad += 1;
    console.log(
      seed,
      r.steps,
      r.crashes,
      r.faults,
      r.violations.map((v) => `${v.promise}@${(v.atMs / 1000).toFixed(3)}: ${v.text}`).join('\n   '),
    );
  }
  if (r.trace !== null) console.log(r.trace.join('\n'));
}
steps.sort((a, b) => a - b);
console.log({ bad, ms: (performance.now() - t0) / count, steps: steps[count >> 1], max: steps.at(-1) });
