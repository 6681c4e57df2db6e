import { stringify } from 'yaml';
import { configAsWritten } from '../../config/as-written.ts';
import { checkWorkable } from '../../config/check-workable.ts';
import { configJsonSchema } from '../../config/json-schema.ts';
import { loadConfigFile, type ConfigResult } from '../../config/load-config.ts';
import { machineContext } from '../../config/load-context.ts';
import { machineProbe, silentPaths } from '../../config/machine-probe.ts';
import { formatProblems, type ConfigProblem } from '../../config/problem.ts';
import { redactConfig } from '../../config/redact-config.ts';
import type { Result } from '../../protocol/contract.ts';
import type { CommandContext } from '../command-context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { formatCount } from '../format.ts';
import { otherConfiguration, runningStatus } from '../running-status.ts';
import type { RegisterCommands } from './register.ts';

/** A drive that has slept needs a while. */
const DRIVE_MS = 20_000;

export const registerConfig: RegisterCommands = (program, act) => {
  const config = program.command('config').description('the configuration: check, show, schema');
  config
    .command('check')
    .description('whether it is valid, and whether it can work now')
    .action((_options: object, command) => act(command, check));
  config
    .command('schema')
    .description('its JSON Schema, for editors')
    .action((_options: object, command) =>
      act(command, ({ output }) => {
        output.raw(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
        return Promise.resolve(EXIT.fine);
      }),
    );
  config
    .command('show')
    .description('what is in force, defaults included, without secrets')
    .action((_options: object, command) => act(command, show));
};

/** A person who asks about one file while the engine works with another has to know. */
async function tellOther(context: CommandContext, command: string): Promise<void> {
  if (context.output.isJson) return;
  const other = otherConfiguration(await runningStatus(context), context, command);
  if (other !== null) context.output.remark(other);
}

async function check(context: CommandContext): Promise<ExitCode> {
  const { output, configFile } = context;
  const loaded = loadConfig(context);
  const problems: readonly ConfigProblem[] = loaded.ok ? await workableFindings(loaded, context) : loaded.problems;
  if (output.isJson) output.document({ file: configFile, valid: loaded.ok, works: problems.length === 0, problems });
  else if (problems.length === 0) output.text(`${configFile} is valid.`);
  else {
    const words = loaded.ok ? 'is valid, but can’t work as it is' : 'is not valid';
    output.text(`${configFile} ${words} (${formatCount(problems.length, 'problem')}):`, '', formatProblems(problems));
  }
  await tellOther(context, 'config check');
  return problems.length === 0 ? EXIT.fine : EXIT.usage;
}

async function show(context: CommandContext): Promise<ExitCode> {
  const { output } = context;
  const loaded = loadConfig(context);
  if (!loaded.ok) {
    if (output.isJson) output.document({ file: context.configFile, valid: false, problems: loaded.problems });
    else output.text(formatProblems(loaded.problems));
    await tellOther(context, 'config show');
    return EXIT.usage;
  }
  const config = configAsWritten(redactConfig(loaded.config));
  if (output.isJson) output.document(config);
  else output.raw(stringify(config));
  await tellOther(context, 'config show');
  return EXIT.fine;
}

export function loadConfig({ configFile, dataDir, io }: CommandContext): ConfigResult {
  return loadConfigFile(configFile, { ...machineContext(dataDir), env: io.env, homeDir: io.homeDir });
}

/** What keeps a valid configuration from working on this machine now. */
export async function workableFindings(
  loaded: Extract<ConfigResult, { ok: true }>,
  context: CommandContext,
): Promise<readonly ConfigProblem[]> {
  const known = await knownSecrets(context);
  const paths = loaded.config.folders.flatMap(({ path, archivePath }) => [
    path,
    ...(archivePath === null ? [] : [archivePath]),
  ]);
  const probe = machineProbe({
    dataDir: context.dataDir,
    silent: await silentPaths(paths, DRIVE_MS),
    env: context.io.env,
    // Unknown is not missing: an engine that does not answer is another trouble.
    hasSecret: (name) => known?.names.includes(name) ?? true,
    secretFault: (name, use) => known?.faults?.[name]?.[use] ?? null,
  });
  return checkWorkable(loaded, probe);
}

/** The secrets that are set, and what is wrong with them; null when that can't be known now. */
async function knownSecrets(context: CommandContext): Promise<Result<'secret.ls'> | null> {
  try {
    return await context.withSession('read', ({ client }) => client.call('secret.ls', {}));
  } catch {
    return null;
  }
}
