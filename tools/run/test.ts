// The second half of `npm test`, under the pinned Node with all dependencies there. With names of tiers, only those.
import { ensureBuild } from './ensure-build.ts';
import { prepareFor } from './prepare.ts';
import { runStaticChecks } from './static-checks.ts';
import { runTier, tierNames, type TierOutcome } from './tiers.ts';

const wanted = process.argv.slice(2);
const tiers = tierNames.filter((name) => wanted.length === 0 || wanted.includes(name));
if (tiers.length === 0) throw new Error(`no such tier: ${wanted.join(' ')}; there are ${tierNames.join(', ')}`);

const setUpPassed = await prepareFor(tiers);
const buildPassed = await ensureBuild();

const outcomes: TierOutcome[] = [];
if (wanted.length === 0) {
  const checks = await runStaticChecks();
  outcomes.push({
    name: 'check',
    passed: checks.filter(({ passed }) => passed).length,
    failed: checks.filter(({ passed }) => !passed).length,
    skipped: 0,
    durationMs: checks.reduce((sum, { durationMs }) => sum + durationMs, 0),
    failures: checks.filter(({ passed }) => !passed).map(({ name }) => name),
  });
}
for (const name of tiers) {
  console.log(`\n── ${name} ──`);
  outcomes.push(await runTier(name));
}

const sum = (field: 'passed' | 'failed' | 'skipped'): number =>
  outcomes.reduce((total, outcome) => total + outcome[field], 0);
console.log(
  `\n── summary ──\nset-up       ${setUpPassed ? 'done' : 'FAILED'}\nbuild        ${buildPassed ? 'done' : 'FAILED'}`,
);
for (const { name, passed, failed, skipped, durationMs } of outcomes) {
  const rest = skipped > 0 ? `, ${skipped} skipped` : '';
  console.log(`${name.padEnd(12)} ${passed} passed, ${failed} failed${rest} (${(durationMs / 1000).toFixed(0)} s)`);
}
for (const { failures } of outcomes) for (const failure of failures) console.log(`\nFAILED ${failure}`);
const failed = sum('failed') + (setUpPassed ? 0 : 1) + (buildPassed ? 0 : 1);
console.log(`\n${sum('passed')} passed, ${failed} failed${sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''}`);
if (failed > 0) process.exitCode = 1;
