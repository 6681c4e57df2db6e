/**
 * What only shows when two keys are looked at together. Works on whatever is valid in itself, so that these problems are
 * reported at once with those of single keys.
 */
import { crossCheckFolders } from './cross-check-folders.ts';
import type { CrossCheckInput } from './cross-check-input.ts';
import { API_KEY_HEADER, DESTINATION_RETRY, PROVIDER_RETRY } from './defaults.ts';
import { needsInsecureWord } from './endpoint.ts';
import { placed as at, placedAtKey as atKey } from './explain-issue.ts';
import type { Finding } from './explain-issue.ts';
import type { KeyPath } from './key-path.ts';
import type { LoadContext } from './load-context.ts';
import { providerAddress, retryOf } from './resolve-config.ts';
import type { Salvaged } from './salvage.ts';
import type { DestinationInput } from './schema-destination.ts';
import type { ProviderInput } from './schema-provider.ts';

export function crossCheck(input: CrossCheckInput, context: LoadContext): readonly Finding[] {
  return [
    ...[...input.destinations].flatMap(([name, entry]) => checkDestination(name, entry)),
    ...[...input.providers].flatMap(([name, entry]) => checkProvider(name, entry)),
    ...crossCheckFolders(input, context),
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
