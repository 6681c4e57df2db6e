/**
 * What only shows when two keys are looked at together. Works on whatever is valid in itself, so that these problems are
 * reported at once with those of single keys.
 */
import { API_KEY_HEADER, DESTINATION_RETRY, PROVIDER_RETRY } from './defaults.ts';
import { needsInsecureWord } from './endpoint.ts';
import type { Finding } from './explain-issue.ts';
import type { KeyPath } from './key-path.ts';
import { PREFIX_MAX_BYTES, normalisePrefix } from './key-prefix.ts';
import { containsPath } from './load-context.ts';
import type { LoadContext } from './load-context.ts';
import { defaultFolderName, providerAddress, resolvePath, retryOf } from './resolve-config.ts';
import type { Salvaged } from './salvage.ts';
import type { DestinationInput } from './schema-destination.ts';
import type { FolderInput } from './schema-folder.ts';
import type { ProviderInput } from './schema-provider.ts';
import { suggest } from './suggest.ts';
import { parseSizeBytes } from './units.ts';

/** The file, as far as it is valid. */
export interface CrossCheckInput {
  /** Absolute path of the configuration file. */
  readonly configFile: string;
  readonly folders: readonly Salvaged<FolderInput>[];
  /** Also of those that hold nothing usable. */
  readonly destinationNames: readonly string[];
  readonly destinations: ReadonlyMap<string, Salvaged<DestinationInput>>;
  readonly providers: ReadonlyMap<string, Salvaged<ProviderInput>>;
}

export function crossCheck(input: CrossCheckInput, context: LoadContext): readonly Finding[] {
  return [
    ...[...input.destinations].flatMap(([name, entry]) => checkDestination(name, entry)),
    ...[...input.providers].flatMap(([name, entry]) => checkProvider(name, entry)),
    ...duplicateNames(input, context),
    ...input.folders.flatMap((folder, index) => checkFolder(folder, index, input, context)),
  ];
}

const INSECURE = {
  message: 'Plain http to another machine shows credentials and content to everyone on the way.',
  hint: 'Use https, or set "allowInsecureHttp: true" here if that is what you want.',
};

function checkDestination(name: string, { valid, has }: Salvaged<DestinationInput>): readonly Finding[] {
  const path = ['destinations', name];
  const findings = retryFindings([...path, 'retry'], valid.retry, DESTINATION_RETRY);
  if (!has('endpoint') && !has('region')) {
    const hint = 'Give the address of the service, or only a region for Amazon S3.';
    findings.push(atKey([...path, 'endpoint'], path, '"endpoint" is missing.', hint));
  }
  if (valid.endpoint !== undefined && valid.allowInsecureHttp !== true && needsInsecureWord(valid.endpoint)) {
    findings.push(at([...path, 'endpoint'], INSECURE.message, INSECURE.hint));
  }
  return findings;
}

function checkProvider(name: string, { valid, has }: Salvaged<ProviderInput>): readonly Finding[] {
  const path = ['providers', name];
  const findings = retryFindings([...path, 'retry'], valid.retry, PROVIDER_RETRY);
  if (!has('baseUrl') && !has('endpoints')) {
    findings.push(
      atKey([...path, 'baseUrl'], path, '"baseUrl" is missing.', 'Give the address that paths of calls are joined to.'),
    );
  }
  if (has('baseUrl') && has('endpoints')) {
    findings.push(
      atKey([...path, 'endpoints'], null, '"endpoints" can’t stand together with "baseUrl".', 'Keep one of them.'),
    );
  }
  const address = providerAddress(valid);
  if (address !== undefined && valid.allowInsecureHttp !== true && needsInsecureWord(address)) {
    const entry = typeof valid.endpoints?.[0] === 'object' ? ['endpoints', 0, 'url'] : ['endpoints', 0];
    findings.push(
      at([...path, ...(valid.baseUrl === undefined ? entry : ['baseUrl'])], INSECURE.message, INSECURE.hint),
    );
  }
  return [...findings, ...headerFindings(path, valid)];
}

/** A header that would be sent twice, with one of the values lost or both refused by the service. */
function headerFindings(path: KeyPath, input: Partial<ProviderInput>): readonly Finding[] {
  const taken = new Map<string, string>();
  const { auth } = input;
  if (typeof auth === 'object') {
    if (auth.type === 'bearer' || auth.type === 'basic') taken.set('authorization', 'auth');
    if (auth.type === 'apiKey') taken.set((auth.header ?? API_KEY_HEADER).toLowerCase(), 'auth');
  }
  if ((input.idempotency?.mode ?? 'key') === 'key') taken.set('idempotency-key', 'idempotency');
  const findings: Finding[] = [];
  for (const header of Object.keys(input.headers ?? {})) {
    const owner = taken.get(header.toLowerCase());
    if (owner === undefined) {
      taken.set(header.toLowerCase(), 'headers');
      continue;
    }
    const isTwice = owner === 'headers';
    const message = isTwice
      ? 'This header is here twice (case does not count).'
      : `This header is set by "${owner}" as well.`;
    findings.push(atKey([...path, 'headers', header], null, message, 'Keep one of them.'));
  }
  return findings;
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
  if (/^~[^/\\]/.test(written)) {
    const hint = 'Write ~/… or the full path; ./~… for a name that starts with "~".';
    return [at(path, 'Only your own home directory can be written with "~".', hint)];
  }
  if (written.includes('\0')) return [at(path, 'A path can’t hold a NUL character.', 'Remove it.')];
  const resolved = resolvePath(written, configFile, context);
  if (context.dataDir === null || !containsPath(resolved, context.dataDir, context.platform)) return [];
  const message = 'This folder contains Longshore’s own data directory, whose changes would be uploaded without end.';
  return [at(path, message, 'Choose a folder outside of it, or another data directory with --data or LONGSHORE_DATA.')];
}

function destinationHint(given: string, names: readonly string[]): string {
  if (names.length === 0) return 'Add it under "destinations".';
  const near = suggest(given, names);
  const list = `Destinations: ${names.join(', ')}.`;
  return near === null ? list : `Did you mean "${near}"? ${list}`;
}

function retryFindings(path: KeyPath, input: DestinationInput['retry'], defaults: typeof DESTINATION_RETRY): Finding[] {
  if (input === undefined) return [];
  const { initialDelayMs, maxDelayMs } = retryOf(input, defaults);
  if (initialDelayMs <= maxDelayMs) return [];
  const where = input.initialDelay === undefined ? 'maxDelay' : 'initialDelay';
  return [
    at(
      [...path, where],
      `"initialDelay" is longer than "maxDelay" (${maxDelayMs / 1000}s).`,
      'Lower the one or raise the other.',
    ),
  ];
}

function at(path: KeyPath, message: string, hint: string): Finding {
  return { path, pointAt: path, point: 'value', message, hint };
}

function atKey(path: KeyPath, pointAt: KeyPath | null, message: string, hint: string): Finding {
  return { path, pointAt: pointAt ?? path, point: 'key', message, hint };
}
