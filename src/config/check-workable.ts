import { checkSecrets, type SecretProbe } from './check-secrets.ts';
import type { FolderConfig, LongshoreConfig } from './config-types.ts';
import type { KeyPath } from './key-path.ts';
import type { ConfigSource } from './load-config.ts';
import { containsPath, pathsOf } from './load-context.ts';
import { Findings, type Report, type WorkableFinding } from './workable-findings.ts';

export type FolderState = 'ok' | 'missing' | 'not-a-directory' | 'unreadable';

/** Facts about the machine now; whoever asks gathers them. */
export interface WorkableProbe extends SecretProbe {
  readonly platform: NodeJS.Platform;
  /** Absolute, symlinks resolved; null: not known. */
  readonly realDataDir: string | null;
  folderState(path: string): FolderState;
  /** The path with symlinks resolved; null when there is nothing. */
  realPath(path: string): string | null;
  /** Its drive does not answer: neither of the others may be asked about it. */
  isSilent(path: string): boolean;
}

/** Everything that keeps a valid configuration from working now, sorted by line. `config check` turns any into exit 2. */
export function checkWorkable(
  loaded: { readonly config: LongshoreConfig; readonly source: ConfigSource },
  probe: WorkableProbe,
): readonly WorkableFinding[] {
  const findings = new Findings(loaded.source);
  for (const [index, folder] of loaded.config.folders.entries()) {
    checkFolder(folder, ['folders', index], probe, findings.report);
    checkArchive(folder, index, loaded.config.folders, probe, findings.report);
  }
  checkSecrets(loaded.config, probe, findings.report);
  return findings.sorted();
}

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
  if (probe.isSilent(folder.path)) {
    const hint = 'Check the drive and the network; the folder goes on by itself once the drive answers.';
    report(subject, 'folder-silent', at, `The drive of ${folder.path} does not answer.`, hint);
    return;
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
  if (folder.archivePath === null || probe.isSilent(folder.archivePath)) return;
  const archive = realPlace(folder.archivePath, probe);
  for (const other of folders) {
    const watched = probe.isSilent(other.path) ? null : probe.realPath(other.path);
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
