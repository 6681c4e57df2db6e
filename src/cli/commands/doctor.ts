import { existsSync } from 'node:fs';
import { formatProblems } from '../../config/problem.ts';
import { readEngineFile } from '../../protocol/engine-file.ts';
import type { StatusView } from '../../protocol/shapes.ts';
import { SocketConnectError, connectToSocket } from '../../protocol/socket-client.ts';
import type { DestinationProbe } from '../engine-access.ts';
import type { CommandContext } from '../command-context.ts';
import {
  checkClock,
  checkDataDir,
  checkFolders,
  checkInotify,
  checkKeyFile,
  checkNode,
  checkPlatform,
  checkReferences,
  ok,
  type DoctorCheck,
  type FrozenFolder,
} from '../doctor-checks.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { withLocalTimes } from '../format.ts';
import { printable } from '../printable.ts';
import { otherConfiguration, runningStatus } from '../running-status.ts';
import type { StyleName } from '../style.ts';
import { loadConfig, workableFindings } from './config.ts';
import type { RegisterCommands } from './register.ts';

/** For all destinations together, ms. */
const PROBE_MS = 10_000;

export const registerDoctor: RegisterCommands = (program, act) => {
  program
    .command('doctor')
    .description('whether this machine, the configuration and the destinations are fit; changes nothing')
    .action((_options: object, command) =>
      act(command, async (context) => {
        const checks = await examine(context);
        const exitCode = verdict(checks);
        if (context.output.isJson) context.output.document({ ok: exitCode === EXIT.fine, checks });
        else print(checks, context);
        return exitCode;
      }),
    );
};

async function examine(context: CommandContext): Promise<readonly DoctorCheck[]> {
  const { io, dataDir } = context;
  const engine = await checkEngine(context);
  const checks: DoctorCheck[] = [
    checkNode(process.version),
    checkPlatform(process.platform, process.arch),
    ...checkDataDir(dataDir, io.platform),
    ...checkInotify(io),
    engine,
    checkKeyFile(context.access.keyFilePath(dataDir), io.platform),
  ];
  const status = engine.state === 'ok' ? await runningStatus(context) : null;
  const other = otherConfiguration(status, context, 'doctor');
  const loaded = loadConfig(context);
  if (!loaded.ok) return [...checks, invalidConfig(context, formatProblems(loaded.problems), other)];
  checks.push({
    ...ok('Configuration', context.configFile),
    ...(other === null ? {} : { state: 'note', hint: other }),
  });
  const findings = await workableFindings(loaded, context);
  checks.push(...checkFolders(loaded.config, findings, frozenFolders(status)), ...checkReferences(findings));
  const probes = await context.access.probeDestinations({ config: loaded.config, dataDir, deadlineMs: PROBE_MS });
  return [...checks, ...probes.flatMap(destinationChecks)];
}

/** What the running engine knows of its folders and a look from outside does not: a marker that is missing, another drive. */
function frozenFolders(status: StatusView | null): ReadonlyMap<string, FrozenFolder> {
  return new Map(status?.folders.flatMap(({ name, error }) => (error === null ? [] : [[name, error] as const])) ?? []);
}

function destinationChecks(probe: DestinationProbe): readonly DoctorCheck[] {
  const { name, ok: good, message, hint, clockSkewMs, capabilities } = probe;
  const check = `Destination ${name}`;
  const reach: DoctorCheck = good ? ok(check, message) : { name: check, state: 'attention', found: message, hint };
  const clock = checkClock(name, clockSkewMs);
  const note: DoctorCheck | null =
    capabilities === null ? null : { name: `Storage ${name}`, state: 'note', found: capabilities, hint: '' };
  return [reach, clock, note].filter((one) => one !== null);
}

function invalidConfig({ configFile }: CommandContext, problems: string, other: string | null): DoctorCheck {
  const isThere = existsSync(configFile);
  const hint = isThere ? problems : 'Create it (docs/configuration.md tells how), or name another with --config.';
  const found = isThere ? 'not valid' : `there is no ${configFile}`;
  return { name: 'Configuration', state: 'invalid', found, hint: other === null ? hint : `${other}\n${hint}` };
}

async function checkEngine({ dataDir, access }: CommandContext): Promise<DoctorCheck> {
  const name = 'Engine';
  if (!existsSync(dataDir)) return { name, state: 'note', found: 'not running', hint: 'Start it with: longshore run' };
  const facts = readEngineFile(dataDir);
  let silence = '';
  if (facts !== null) {
    try {
      (await connectToSocket(facts)).close();
      return ok(name, `running, process ${facts.pid}, version ${facts.version}`);
    } catch (error) {
      if (!(error instanceof SocketConnectError)) throw error;
      silence = error.message;
    }
  }
  if ((await access.probeLock(dataDir)) === 'free') {
    return { name, state: 'note', found: 'not running', hint: 'Start it with: longshore run' };
  }
  const hint = 'If it stays so, end that process and start again with: longshore run';
  return {
    name,
    state: 'attention',
    found: `a process holds the data directory but does not answer. ${silence}`.trim(),
    hint,
  };
}

function verdict(checks: readonly DoctorCheck[]): ExitCode {
  if (checks.some(({ state }) => state === 'invalid')) return EXIT.usage;
  return checks.some(({ state }) => state === 'attention') ? EXIT.attention : EXIT.fine;
}

const MARKS: Readonly<Record<DoctorCheck['state'], readonly [string, StyleName]>> = {
  ok: ['✓', 'good'],
  note: ['·', 'faint'],
  attention: ['!', 'warn'],
  invalid: ['✗', 'bad'],
};

function print(checks: readonly DoctorCheck[], { output }: CommandContext): void {
  const nameColumns = Math.max(...checks.map(({ name }) => name.length));
  for (const { name, state, found, hint } of checks) {
    const [mark, styleName] = MARKS[state];
    output.text(
      `${output.style(styleName, mark)} ${printable(name).padEnd(nameColumns)}  ${printable(withLocalTimes(found))}`,
    );
    if (hint !== '')
      output.text(
        ...hint.split('\n').map((line) => `  ${' '.repeat(nameColumns)}  ${output.style('faint', printable(line))}`),
      );
  }
}
