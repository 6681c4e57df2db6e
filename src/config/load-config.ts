import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import type { LongshoreConfig } from './config-types.ts';
import { crossCheck } from './cross-checks.ts';
import type { CrossCheckInput } from './cross-check-input.ts';
import { explainIssues } from './explain-issue.ts';
import type { Finding } from './explain-issue.ts';
import { formatKey, maySayWhatIsAt } from './key-path.ts';
import type { KeyPath } from './key-path.ts';
import type { LoadContext } from './load-context.ts';
import { isMapping, memberOf } from './plain-data.ts';
import { dedupeProblems, sortProblems } from './problem.ts';
import type { ConfigProblem } from './problem.ts';
import { readDocument } from './read-document.ts';
import type { Positions, ReadDocument } from './read-document.ts';
import { resolveConfig } from './resolve-config.ts';
import { salvage } from './salvage.ts';
import { destinationSchema } from './schema-destination.ts';
import { folderSchema } from './schema-folder.ts';
import { providerSchema } from './schema-provider.ts';
import { configSchema } from './schema.ts';

/** Where a configuration came from; holds none of its text. */
export interface ConfigSource {
  readonly file: string;
  /** SHA-256 of the bytes read, hex; null when there was nothing to read. Tells a watcher what is news. */
  readonly digest: string | null;
  readonly positions: Positions;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: LongshoreConfig; readonly source: ConfigSource }
  | {
      readonly ok: false;
      /** At least one, sorted by line. */
      readonly problems: readonly ConfigProblem[];
      readonly source: ConfigSource;
    };

/** Far beyond what people write, and what still parses in well under a second. */
const CONFIG_FILE_MAX_BYTES = 1_048_576;

/** Reads and checks a configuration file. Every trouble, also with the file itself, is a problem in the result. */
export function loadConfigFile(file: string, context: LoadContext): ConfigResult {
  const path = resolve(file);
  let bytes: Buffer;
  try {
    const facts = statSync(path);
    if (facts.isDirectory())
      return fileProblem(file, null, 'This is a directory, not a file.', 'Name the file itself.');
    if (facts.size > CONFIG_FILE_MAX_BYTES)
      return fileProblem(file, null, 'The file is larger than 1 MiB.', 'Is it the right file?');
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return fileProblem(
        file,
        null,
        'There is no such file.',
        'Create it, or name another with --config or LONGSHORE_CONFIG.',
      );
    }
    if (code === 'EACCES' || code === 'EPERM') {
      return fileProblem(file, null, 'The file can’t be read: permission denied.', 'Allow this user to read it.');
    }
    return fileProblem(file, null, `The file can’t be read (${code}).`, '');
  }
  const digest = createHash('sha256').update(bytes).digest('hex');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fileProblem(file, digest, 'The file is not valid UTF-8 text.', 'Save it with the encoding UTF-8.');
  }
  return parseConfig(text, file, context, digest);
}

/** Checks a configuration's text (YAML or JSON). `file` names it in problems; relative paths start at its directory. */
export function parseConfig(
  text: string,
  file: string,
  context: LoadContext,
  digest: string | null = null,
): ConfigResult {
  const document = readDocument(text, file, context.env);
  const source: ConfigSource = { file, digest, positions: document.positions };
  if (document.root === undefined) return { ok: false, problems: sortProblems(document.problems), source };

  const parsed = configSchema.safeParse(document.root, { error: leaveWordsToUs });
  const shapeFindings = parsed.success ? [] : explainIssues(parsed.error.issues, explainContext(document));
  const configFile = absoluteFile(file);
  const findings = [...shapeFindings, ...crossCheck(salvageEntries(document, configFile), context)];
  const problems = [
    ...document.problems,
    ...findings
      .filter(({ pointAt }) => !document.broken.has(formatKey(pointAt)))
      .map((finding) => locate(finding, file, document.positions)),
  ];
  if (problems.length > 0 || !parsed.success)
    return { ok: false, problems: dedupeProblems(sortProblems(problems)), source };
  return { ok: true, config: resolveConfig(parsed.data, configFile, context), source };
}

function salvageEntries({ root = {}, broken }: ReadDocument, configFile: string): CrossCheckInput {
  const isBroken = (path: KeyPath) => broken.has(formatKey(path));
  const folders: readonly unknown[] = Array.isArray(root['folders']) ? root['folders'] : [];
  return {
    configFile,
    folders: folders.map((value, index) => salvage(folderSchema, value, (key) => isBroken(['folders', index, key]))),
    destinationNames: isMapping(root['destinations'])
      ? Object.keys(root['destinations']).filter((name) => maySayWhatIsAt(['destinations', name]))
      : [],
    destinations: new Map(
      entriesOf('destinations', root).map(([name, value]) => [
        name,
        salvage(destinationSchema, value, (key) => isBroken(['destinations', name, key])),
      ]),
    ),
    providers: new Map(
      entriesOf('providers', root).map(([name, value]) => [
        name,
        salvage(providerSchema, value, (key) => isBroken(['providers', name, key])),
      ]),
    ),
  };
}

/** What stands under a section's names. A name that may hold a secret was refused already, and is not looked into. */
function entriesOf(section: string, root: unknown): readonly (readonly [string, unknown])[] {
  const entries = memberOf(root, section);
  if (!isMapping(entries)) return [];
  return Object.entries(entries).filter(([name, value]) => isMapping(value) && maySayWhatIsAt([section, name]));
}

/** Leaves the message empty where the schema words none: explain-issue.ts knows more than zod does. */
function leaveWordsToUs(): string {
  return '';
}

function explainContext(document: ReadDocument) {
  return {
    schema: configSchema,
    root: document.root,
    isFromEnv: (path: KeyPath) => document.fromEnv.has(formatKey(path)),
  };
}

function locate(finding: Finding, file: string, positions: Positions): ConfigProblem {
  const position = finding.point === 'key' ? positions.key(finding.pointAt) : positions.value(finding.pointAt);
  return { file, ...position, key: formatKey(finding.path), message: finding.message, hint: finding.hint };
}

function absoluteFile(file: string): string {
  // A Windows path is already absolute in tests on other systems; resolve() would put the working directory before it.
  return /^[A-Za-z]:[\\/]/.test(file) ? file : resolve(file);
}

const FIRST = { line: 1, column: 1 };

function fileProblem(file: string, digest: string | null, message: string, hint: string): ConfigResult {
  const positions: Positions = { key: () => FIRST, value: () => FIRST };
  return { ok: false, problems: [{ file, ...FIRST, key: '', message, hint }], source: { file, digest, positions } };
}
