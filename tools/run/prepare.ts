import { ensureDebianPackages } from '../setup/debian-packages.ts';
import { ensureElectronRuntime } from '../setup/electron-runtime.ts';
import { ensureMoto } from '../setup/moto.ts';
import type { TierName } from './tiers.ts';

interface Step {
  readonly title: string;
  readonly neededBy: readonly TierName[];
  run(): Promise<void>;
}

const steps: readonly Step[] = [
  {
    title: 'Debian packages',
    neededBy: ['e2e'],
    async run() {
      const whatToDo = await ensureDebianPackages();
      if (whatToDo !== undefined) throw new Error(whatToDo);
    },
  },
  {
    title: 'moto, an S3 server that we did not write',
    neededBy: ['integration'],
    async run() {
      await ensureMoto();
    },
  },
  {
    title: 'Electron for tests',
    neededBy: ['e2e'],
    async run() {
      const { version, kind } = await ensureElectronRuntime();
      console.log(`  Electron ${version}${kind === 'fallback' ? ' (the fall-back for tests)' : ''}`);
    },
  },
];

/**
 * Fetches and builds what the given tiers need and is not there yet. A step that fails is told and the others go on, so
 * that the tiers that do not need it still run. Gives whether all went well.
 */
export async function prepareFor(tiers: readonly TierName[]): Promise<boolean> {
  let ready = true;
  for (const step of steps) {
    if (!step.neededBy.some((tier) => tiers.includes(tier))) continue;
    console.log(`Set-up: ${step.title}`);
    await step.run().catch((error: unknown) => {
      ready = false;
      console.error(`  failed: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  return ready;
}
