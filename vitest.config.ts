import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

interface Tier {
  readonly name: string;
  readonly testTimeoutMs: number;
  /** Tiers that start processes or load the machine run one file at a time. */
  readonly parallel: boolean;
}

const tiers: readonly Tier[] = [
  { name: 'unit', testTimeoutMs: 10_000, parallel: true },
  { name: 'integration', testTimeoutMs: 60_000, parallel: true },
  { name: 'simulation', testTimeoutMs: 600_000, parallel: true },
  { name: 'crash', testTimeoutMs: 300_000, parallel: false },
  { name: 'e2e', testTimeoutMs: 120_000, parallel: false },
];

function project({ name, testTimeoutMs, parallel }: Tier): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`, ...(name === 'unit' ? ['test/unit/**/*.test.tsx'] : [])],
      environment: 'node',
      pool: 'forks',
      testTimeout: testTimeoutMs,
      hookTimeout: Math.max(60_000, testTimeoutMs),
      fileParallelism: parallel,
    },
  };
}

export default defineConfig({
  test: {
    // A test that passes at the second try has failed.
    retry: 0,
    projects: tiers.map(project),
  },
});
