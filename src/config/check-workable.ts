import type { DestinationConfig, FolderConfig, LongshoreConfig, ProviderConfig, SecretSource } from './config-types.ts';
import { formatKey } from './key-path.ts';
import type { KeyPath } from './key-path.ts';
import type { ConfigSource } from './load-config.ts';
import { containsPath, pathsOf } from './load-context.ts';
import { secretFault, type SecretUse } from './secret-form.ts';
import { sortProblems } from './problem.ts';
import type { ConfigProblem } from './problem.ts';

/** Valid, but can't work now: that one folder, destination or provider stays frozen, the others run (P10). */
export interface WorkableFinding extends ConfigProblem {
  readonly code:
    | 'folder-missing'
    | 'folder-not-a-directory'
    | 'folder-unreadable'
    | 'folder-contains-data'
    | 'folder-contains-archive'
    | 'key-space-overlap'
    | 'secret-missing'
    | 'secret-malformed'
    | 'env-missing'
    | 'env-malformed'
    | 'value-malformed'
    | 'profile-missing';
  readonly subject: { readonly kind: 'folder' | 'destination' | 'provider'; readonly name: string };
}

export type FolderState = 'ok' | 'missing' | 'not-a-directory' | 'unreadable';

/** Facts about the machine now; whoever asks gathers them. */
export interface WorkableProbe {
  readonly platform: NodeJS.Platform;
  /** Absolute, symlinks resolved; null: not known. */
  readonly realDataDir: string | null;
  folderState(path: string): FolderState;
  /** The path with symlinks resolved; null when there is nothing. */
  realPath(path: string): string | null;
  hasSecret(name: string): boolean;
  /** What is obviously wrong with its value (`secretFault`); null: nothing, or not known. */
  secretFault(name: string, use: SecretUse): string | null;
  /** Its value; empty where it is not set. */
  env(name: string): string;
  /** Where it was looked for, in words; null when it is there. */
  profileMissingFrom(name: string): string | null;
}

/** Everything that keeps a valid configuration from working now, sorted by line. `config check` turns any into exit 2. */
export function checkWorkable(
  loaded: { readonly config: LongshoreConfig; readonly source: ConfigSource },
  probe: WorkableProbe,
): readonly WorkableFinding[] {
  const { config, source } = loaded;
  const findings: WorkableFinding[] = [];
  const report: Report = (subject, code, path, message, hint) => {
    findings.push({
      file: source.file,
      ...source.positions.value(path),
      key: formatKey(path),
      message,
      hint,
      code,
      subject,
    });
  };
  for (const [index, folder] of config.folders.entries()) {
    checkFolder(folder, ['folders', index], probe, report);
    checkArchive(folder, index, config.folders, probe, report);
  }
  for (const destination of Object.values(config.destinations)) checkDestination(destination, probe, report);
  for (const provider of Object.values(config.providers)) checkProvider(provider, probe, report);
  return sortProblems(findings);
}

type Report = (
  subject: WorkableFinding['subject'],
  code: WorkableFinding['code'],
  path: KeyPath,
  message: string,
  hint: string,
) => void;

function checkFolder(folder: FolderConfig, path: KeyPath, probe: WorkableProbe, report: Report): void {
  const subject = { kind: 'folder', name: folder.name } as const;
  const at = [...path, 'path'];
  if (folder.frozen !== null) {
    report(
      subject,
      folder.frozen.reason,
      path,
      `Folder "${folder.name}" would write to the same keys as folder "${folder.frozen.withFolder}".`,
      'Give each its own "prefix", neither of which begins the other. Until then this folder stays frozen.',
    );
  }
  switch (probe.folderState(folder.path)) {
    case 'missing':
      report(
        subject,
        'folder-missing',
        at,
        `There is no directory ${folder.path}.`,
        'Create it, mount its drive, or correct the path.',
      );
      return;
    case 'not-a-directory':
      report(subject, 'folder-not-a-directory', at, `${folder.path} is not a directory.`, 'Name a directory.');
      return;
    case 'unreadable':
      report(
        subject,
        'folder-unreadable',
        at,
        `${folder.path} can’t be read.`,
        'Allow this user to read and enter it.',
      );
      return;
    case 'ok': {
      const real = probe.realPath(folder.path);
      if (real === null || probe.realDataDir === null || !containsPath(real, probe.realDataDir, probe.platform)) return;
      const message = `${folder.path} is a link to a place that contains Longshore’s own data directory.`;
      report(subject, 'folder-contains-data', at, message, 'Choose another folder or another data directory.');
    }
  }
}

/** The schema compared the paths as written; links may still lead from one into the other. */
function checkArchive(
  folder: FolderConfig,
  index: number,
  folders: readonly FolderConfig[],
  probe: WorkableProbe,
  report: Report,
): void {
  if (folder.archivePath === null) return;
  const archive = realPlace(folder.archivePath, probe);
  for (const other of folders) {
    const watched = probe.realPath(other.path);
    if (archive === null || watched === null) continue;
    if (!containsPath(watched, archive, probe.platform) && !containsPath(archive, watched, probe.platform)) continue;
    const message = `The archive ${folder.archivePath} and the folder "${other.name}" lie one inside the other, through a link.`;
    report(
      { kind: 'folder', name: folder.name },
      'folder-contains-archive',
      ['folders', index, 'archivePath'],
      message,
      'Choose a directory beside your folders.',
    );
    return;
  }
}

/** Where a path leads that may not be there yet: its nearest existing parent's real place, and the rest. */
function realPlace(path: string, probe: WorkableProbe): string | null {
  const paths = pathsOf(probe.platform);
  const missing: string[] = [];
  let place = path;
  for (;;) {
    const real = probe.realPath(place);
    if (real !== null) return paths.join(real, ...missing);
    const parent = paths.dirname(place);
    if (parent === place) return null;
    missing.unshift(paths.basename(place));
    place = parent;
  }
}

function checkDestination({ name, credentials }: DestinationConfig, probe: WorkableProbe, report: Report): void {
  const subject = { kind: 'destination', name } as const;
  const path = ['destinations', name, 'credentials'];
  switch (credentials.kind) {
    case 'literal':
      for (const key of ['accessKeyId', 'secretAccessKey'] as const)
        checkValue(subject, [...path, key], credentials[key], report);
      return;
    case 'env':
      for (const variable of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
        checkEnv(subject, [...path, 'env'], variable, probe, report);
      return;
    case 'profile': {
      const places = probe.profileMissingFrom(credentials.profile);
      if (places === null) return;
      const message = `There is no profile "${credentials.profile}" in ${places}.`;
      const hint = 'Add it there, or name one that there is.';
      report(subject, 'profile-missing', [...path, 'profile'], message, hint);
      return;
    }
    case 'secret':
      checkSecret(subject, [...path, 'secret'], { name: credentials.name, use: 's3Keys' }, probe, report);
  }
}

function checkProvider({ name, auth, headers }: ProviderConfig, probe: WorkableProbe, report: Report): void {
  const subject = { kind: 'provider', name } as const;
  const path = ['providers', name];
  const check = (source: SecretSource, at: KeyPath) => {
    if (source.kind === 'secret')
      checkSecret(subject, [...at, 'secret'], { name: source.name, use: 'header' }, probe, report);
    if (source.kind === 'env') checkEnv(subject, [...at, 'env'], source.name, probe, report);
    if (source.kind === 'literal') checkValue(subject, at, source.value, report);
  };
  if (auth.type === 'bearer') check(auth.token, [...path, 'auth', 'token']);
  if (auth.type === 'basic') {
    check(auth.username, [...path, 'auth', 'username']);
    check(auth.password, [...path, 'auth', 'password']);
  }
  if (auth.type === 'apiKey') check(auth.value, [...path, 'auth', 'value']);
  for (const [header, source] of Object.entries(headers)) check(source, [...path, 'headers', header]);
}

function checkSecret(
  subject: WorkableFinding['subject'],
  path: KeyPath,
  { name, use }: { readonly name: string; readonly use: SecretUse },
  probe: WorkableProbe,
  report: Report,
): void {
  if (!probe.hasSecret(name)) {
    const hint = `Set it with: longshore secret set ${name}`;
    report(subject, 'secret-missing', path, `There is no secret "${name}".`, hint);
    return;
  }
  const fault = probe.secretFault(name, use);
  if (fault === null) return;
  const hint = `Set it again with: longshore secret set ${name}`;
  report(subject, 'secret-malformed', path, `The secret "${name}" ${fault}.`, hint);
}

function checkEnv(
  subject: WorkableFinding['subject'],
  path: KeyPath,
  name: string,
  probe: WorkableProbe,
  report: Report,
): void {
  const value = probe.env(name);
  const fault = value === '' ? 'is not set' : secretFault(value, 'header');
  if (fault === null) return;
  const code = value === '' ? 'env-missing' : 'env-malformed';
  report(subject, code, path, `The environment variable ${name} ${fault}.`, `Set ${name} before Longshore starts.`);
}

function checkValue(subject: WorkableFinding['subject'], path: KeyPath, value: string, report: Report): void {
  const fault = secretFault(value, 'header');
  if (fault !== null) report(subject, 'value-malformed', path, `This value ${fault}.`, 'Correct it.');
}
