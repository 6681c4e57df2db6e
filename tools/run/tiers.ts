import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { dependencyCommand, repositoryRoot, testResultsDir } from '../setup/paths.ts';
import { commandExists, tryCommand } from '../setup/run-command.ts';

/** The tiers of tests, in the order in which they run: quick ones first. */
export const tierNames = ['unit', 'integration', 'simulation', 'crash', 'e2e'] as const;
export type TierName = (typeof tierNames)[number];

export interface TierOutcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly durationMs: number;
  /** What failed, each with its file, its full name and the beginning of its reason: a long log's end tells it all. */
  readonly failures: readonly string[];
}

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullable() }),
      ),
    }),
  ),
});

const REASON_LINES = 12;

const firstLines = (text: string): string =>
  stripVTControlCharacters(text).split('\n', REASON_LINES).join('\n    ').trimEnd();

/** What a report says of each test that failed, and of each file that failed as a whole. */
function failuresOf(report: z.infer<typeof vitestReport>): string[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = path.relative(repositoryRoot, name);
    const failed = assertionResults.filter((result) => result.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [`${file}\n    ${firstLines(message)}`] : [];
    return failed.map(
      (test) => `${file} > ${test.fullName}\n    ${firstLines((test.failureMessages ?? []).join('\n'))}`,
    );
  });
}

/**
 * The command that gives a window test what a desktop has: a session bus of its own, names in UTF-8 (without any locale the
 * browser drops files whose names are not ASCII) and, without a screen, a virtual one.
 */
async function desktopFor(tier: TierName): Promise<string[]> {
  if (tier !== 'e2e' || process.platform !== 'linux') return [];
  const hasLocale = ['LC_ALL', 'LC_CTYPE', 'LANG'].some((name) => Boolean(process.env[name]));
  const locale = hasLocale ? [] : ['env', 'LANG=C.UTF-8'];
  const wrapper = [...locale, ...((await commandExists('dbus-run-session')) ? ['dbus-run-session', '--'] : [])];
  if (process.env['DISPLAY']) return wrapper;
  // A plain test screen is tiny; the window wants room.
  return [...wrapper, 'xvfb-run', '-a', '-s', '-screen 0 1600x1200x24'];
}

/**
 * Runs one tier's tests and counts them. A tier that ran nothing, or whose runner failed beyond its tests, has at least
 * one failure.
 */
export async function runTier(name: TierName, filters: readonly string[] = []): Promise<TierOutcome> {
  const reportFile = path.join(testResultsDir, `${name}.json`);
  await mkdir(testResultsDir, { recursive: true });
  await rm(reportFile, { force: true });
  const vitest = [dependencyCommand('vitest'), 'run', '--project', name];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const [command = '', ...args] = [...(await desktopFor(name)), ...vitest, ...reporters, ...filters];
  const startedAt = performance.now();
  const { exitCode } = await tryCommand(command, args, { cwd: repositoryRoot, output: 'inherit' }).catch(
    (error: unknown) => {
      console.error(`${command} could not be started: ${error instanceof Error ? error.message : String(error)}`);
      return { exitCode: 1 };
    },
  );
  const durationMs = performance.now() - startedAt;
  const report = await readFile(reportFile, 'utf8').then(
    (text) => vitestReport.parse(JSON.parse(text)),
    () => undefined,
  );
  const passed = report?.numPassedTests ?? 0;
  const failed = report?.numFailedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  const ranNothing = passed + failed === 0;
  if (ranNothing) console.error(`The tier ${name} ran no tests.`);
  const unexplained = ranNothing || (exitCode !== 0 && failed === 0);
  const failures = report ? failuresOf(report) : [];
  if (unexplained && failures.length === 0) {
    failures.push(
      `${name}: the runner ended with ${exitCode ?? 'a signal'} though no test failed; its output above says why`,
    );
  }
  return { name, passed, failed: failed + (unexplained ? 1 : 0), skipped, durationMs, failures };
}
