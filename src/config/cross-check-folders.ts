/** What only shows when two keys of folders are looked at together. */
import { placed as at, placedAtKey as atKey } from './explain-issue.ts';
import type { Finding } from './explain-issue.ts';
import type { CrossCheckInput } from './cross-check-input.ts';
import type { KeyPath } from './key-path.ts';
import { PREFIX_MAX_BYTES, normalisePrefix } from './key-prefix.ts';
import { containsPath } from './load-context.ts';
import type { LoadContext } from './load-context.ts';
import { defaultFolderName, resolvePath } from './resolve-config.ts';
import type { Salvaged } from './salvage.ts';
import type { FolderInput } from './schema-folder.ts';
import { suggest } from './suggest.ts';
import { parseSizeBytes } from './units.ts';

export function crossCheckFolders(input: CrossCheckInput, context: LoadContext): readonly Finding[] {
  return [
    ...duplicateNames(input, context),
    ...input.folders.flatMap((folder, index) => checkFolder(folder, index, input, context)),
    ...input.folders.flatMap(({ valid }, index) => sharedDirectoryFindings(valid, index, input, context)),
    ...input.folders.flatMap(({ valid }, index) => archiveFindings(valid, index, input, context)),
  ];
}

function duplicateNames({ folders, configFile }: CrossCheckInput, context: LoadContext): readonly Finding[] {
  const first = new Map<string, number>();
  const findings: Finding[] = [];
  for (const [index, { valid, has }] of folders.entries()) {
    const isNamed = has('name');
    const fromPath =
      isNamed || valid.path === undefined
        ? undefined
        : defaultFolderName(resolvePath(valid.path, configFile, context), context);
    const name = valid.name ?? fromPath;
    if (name === undefined) continue;
    const earlier = first.get(name.normalize('NFC'));
    if (earlier === undefined) {
      first.set(name.normalize('NFC'), index);
      continue;
    }
    const hint = isNamed
      ? 'Give each folder a name of its own.'
      : 'Give one of them a "name": the default is the directory’s.';
    const message = `The folder name "${name}" is used twice (first in folders[${earlier}]).`;
    findings.push(at(['folders', index, isNamed ? 'name' : 'path'], message, hint));
  }
  return findings;
}

function checkFolder(
  { valid }: Salvaged<FolderInput>,
  index: number,
  { configFile, destinations, destinationNames }: CrossCheckInput,
  context: LoadContext,
): readonly Finding[] {
  const path = ['folders', index];
  const findings: Finding[] = [];
  const { destination, minFileSize, maxFileSize } = valid;
  if (destination !== undefined && !destinationNames.includes(destination)) {
    const hint = destinationHint(destination, destinationNames);
    findings.push(at([...path, 'destination'], `There is no destination "${destination}".`, hint));
  }
  if (valid.path !== undefined) findings.push(...pathFindings([...path, 'path'], valid.path, configFile, context));
  if (minFileSize !== undefined && maxFileSize !== undefined) {
    if ((parseSizeBytes(minFileSize) ?? 0) > (parseSizeBytes(maxFileSize) ?? 0)) {
      const message = '"minFileSize" is larger than "maxFileSize".';
      findings.push(at([...path, 'minFileSize'], message, 'No file would be taken: lower it.'));
    }
  }
  findings.push(...actionFindings(path, valid));
  const above = destination === undefined ? undefined : destinations.get(destination)?.valid.prefix;
  if (above !== undefined && valid.prefix !== undefined) {
    if (Buffer.byteLength(normalisePrefix(above) + normalisePrefix(valid.prefix)) > PREFIX_MAX_BYTES) {
      const message = `The prefixes of destination and folder are together longer than ${PREFIX_MAX_BYTES} bytes.`;
      findings.push(at([...path, 'prefix'], message, 'Shorten one of them.'));
    }
  }
  return findings;
}

function pathFindings(path: KeyPath, written: string, configFile: string, context: LoadContext): readonly Finding[] {
  const fault = pathFault(written);
  if (fault !== null) return [at(path, fault.message, fault.hint)];
  const resolved = resolvePath(written, configFile, context);
  if (context.dataDir === null || !containsPath(resolved, context.dataDir, context.platform)) return [];
  const message = 'This folder contains Longshore’s own data directory, whose changes would be uploaded without end.';
  return [at(path, message, 'Choose a folder outside of it, or another data directory with --data or LONGSHORE_DATA.')];
}

/** What is to happen to local files, and to the remote ones after them. */
function actionFindings(path: KeyPath, { mode, afterUpload, archivePath, deletes }: Partial<FolderInput>): Finding[] {
  const findings: Finding[] = [];
  if (mode === 'mirror' && (afterUpload === 'trash' || afterUpload === 'archive')) {
    const message = `"afterUpload: ${afterUpload}" can’t stand together with "mode: mirror": the object would be deleted after the file.`;
    findings.push(at([...path, 'afterUpload'], message, 'Use "mode: drop", or "afterUpload: keep".'));
  }
  if (afterUpload === 'archive' && archivePath === undefined) {
    findings.push(
      atKey(
        [...path, 'archivePath'],
        [...path, 'afterUpload'],
        '"archivePath" is missing.',
        'Say where files go after their upload.',
      ),
    );
  }
  if (afterUpload !== 'archive' && archivePath !== undefined) {
    const message = '"archivePath" is only for "afterUpload: archive".';
    findings.push(atKey([...path, 'archivePath'], null, message, 'Add "afterUpload: archive", or remove it.'));
  }
  if (mode !== 'mirror' && deletes !== undefined) {
    const message = '"deletes" is only for "mode: mirror"; in drop mode objects stay.';
    findings.push(atKey([...path, 'deletes'], null, message, 'Add "mode: mirror", or remove it.'));
  }
  return findings;
}

/** What one folder takes away, another one that watches the same files may not have sent, or would delete remotely. */
function sharedDirectoryFindings(
  { afterUpload, path }: Partial<FolderInput>,
  index: number,
  { folders, configFile }: CrossCheckInput,
  context: LoadContext,
): readonly Finding[] {
  if ((afterUpload !== 'trash' && afterUpload !== 'archive') || path === undefined || pathFault(path) !== null)
    return [];
  const own = resolvePath(path, configFile, context);
  for (const [other, { valid }] of folders.entries()) {
    if (other === index || valid.path === undefined || pathFault(valid.path) !== null) continue;
    const watched = resolvePath(valid.path, configFile, context);
    const isInside = containsPath(watched, own, context.platform);
    const isAround = containsPath(own, watched, context.platform);
    if (!isInside && !isAround) continue;
    const how = isInside && isAround ? 'is' : isInside ? 'lies inside' : 'contains';
    const message = `"afterUpload: ${afterUpload}" would take files away from folders[${other}]: this directory ${how} the one that it watches.`;
    return [
      at(['folders', index, 'afterUpload'], message, 'Use "afterUpload: keep", or directories apart from each other.'),
    ];
  }
  return [];
}

/** An archive inside a watched folder would be uploaded again and again; around one, the folder would swallow itself. */
function archiveFindings(
  { archivePath }: Partial<FolderInput>,
  index: number,
  { folders, configFile }: CrossCheckInput,
  context: LoadContext,
): readonly Finding[] {
  if (archivePath === undefined) return [];
  const path = ['folders', index, 'archivePath'];
  const fault = pathFault(archivePath);
  if (fault !== null) return [at(path, fault.message, fault.hint)];
  const archive = resolvePath(archivePath, configFile, context);
  const hint = 'Choose a directory beside your folders.';
  if (context.dataDir !== null && containsPath(context.dataDir, archive, context.platform)) {
    return [at(path, 'The archive lies inside Longshore’s own data directory.', hint)];
  }
  for (const [other, { valid }] of folders.entries()) {
    if (valid.path === undefined || pathFault(valid.path) !== null) continue;
    const watched = resolvePath(valid.path, configFile, context);
    const name = other === index ? 'this folder' : `folders[${other}]`;
    if (containsPath(watched, archive, context.platform)) {
      return [
        at(
          path,
          `The archive lies inside the directory that ${name} watches: its files would be uploaded again.`,
          hint,
        ),
      ];
    }
    if (containsPath(archive, watched, context.platform)) {
      return [at(path, `The archive contains the directory that ${name} watches.`, hint)];
    }
  }
  return [];
}

function pathFault(written: string): { readonly message: string; readonly hint: string } | null {
  if (/^~[^/\\]/.test(written)) {
    const hint = 'Write ~/… or the full path; ./~… for a name that starts with "~".';
    return { message: 'Only your own home directory can be written with "~".', hint };
  }
  return written.includes('\0') ? { message: 'A path can’t hold a NUL character.', hint: 'Remove it.' } : null;
}

function destinationHint(given: string, names: readonly string[]): string {
  if (names.length === 0) return 'Add it under "destinations".';
  const near = suggest(given, names);
  const list = `Destinations: ${names.join(', ')}.`;
  return near === null ? list : `Did you mean "${near}"? ${list}`;
}
