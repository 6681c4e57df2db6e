// `npm run test:<tier> [-- filter …]`: one tier of tests, with the set-up that it needs.
import { ensureBuild } from './ensure-build.ts';
import { prepareFor } from './prepare.ts';
import { runTier, tierNames } from './tiers.ts';

const name = tierNames.find((each) => each === process.argv[2]);
if (!name) {
  console.error(`Name a tier: ${tierNames.join(', ')}`);
  process.exitCode = 2;
} else {
  const ready = await prepareFor([name]);
  const built = (name !== 'crash' && name !== 'e2e') || (await ensureBuild());
  const { failed } = await runTier(name, process.argv.slice(3));
  if (failed > 0 || !ready || !built) process.exitCode = 1;
}
