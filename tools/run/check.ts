// `npm run check`: everything that is quick enough for every commit. With a name (`check:lint`), only that one check.
import { runStaticChecks } from './static-checks.ts';
import { runTier } from './tiers.ts';

const only = process.argv[2];
const outcomes = await runStaticChecks(only);
const unit = only === undefined ? await runTier('unit') : undefined;
if (outcomes.length === 0 || outcomes.some(({ passed }) => !passed) || (unit && unit.failed > 0)) process.exitCode = 1;
