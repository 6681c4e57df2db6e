import { dependencyCommand, repositoryRoot } from '../setup/paths.ts';
import { tryCommand } from '../setup/run-command.ts';

/** The checks that read the sources only. Each name is an npm script too. */
const checks: readonly { readonly name: string; readonly commands: readonly (readonly [string, ...string[]])[] }[] = [
  { name: 'check:format', commands: [['prettier', '--check', '--log-level', 'warn', '.']] },
  { name: 'check:lint', commands: [['oxlint', '--type-aware', '--deny-warnings']] },
  {
    name: 'check:types',
    commands: [
      ['tsc', '-p', '.'],
      ['tsc', '-p', 'renderer'],
    ],
  },
  {
    name: 'check:deps',
    commands: [['depcruise', 'src', 'electron', 'renderer', 'tools', 'test', 'bench', 'build']],
  },
  { name: 'check:unused', commands: [['knip', '--no-progress']] },
  { name: 'check:invariants', commands: [['node', 'tools/check/invariants.ts']] },
];

export interface CheckOutcome {
  readonly name: string;
  readonly passed: boolean;
  readonly durationMs: number;
}

/** Runs one static check, or all; says what each did as it ends. */
export async function runStaticChecks(only?: string): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  for (const { name, commands } of checks) {
    if (only !== undefined && only !== name) continue;
    const startedAt = performance.now();
    let passed = true;
    for (const [command, ...args] of commands) {
      const { exitCode, output } = await tryCommand(dependencyCommand(command), args, { cwd: repositoryRoot });
      if (exitCode === 0) continue;
      passed = false;
      console.log(output.trim());
    }
    const durationMs = performance.now() - startedAt;
    console.log(`${passed ? '✓' : '✗'} ${name} (${(durationMs / 1000).toFixed(1)} s)`);
    outcomes.push({ name, passed, durationMs });
  }
  return outcomes;
}
