import type { DestinationConfig, LongshoreConfig, ProviderConfig, SecretSource } from './config-types.ts';
import type { KeyPath } from './key-path.ts';
import { secretFault, type SecretUse } from './secret-form.ts';
import type { Report, WorkableFinding } from './workable-findings.ts';

/** What is known of secrets, variables and profiles now. */
export interface SecretProbe {
  hasSecret(name: string): boolean;
  /** What is obviously wrong with its value (`secretFault`); null: nothing, or not known. */
  secretFault(name: string, use: SecretUse): string | null;
  /** Its value; empty where it is not set. */
  env(name: string): string;
  /** Where it was looked for, in words; null when it is there. */
  profileMissingFrom(name: string): string | null;
}

/** Touches no folder: it may lie on a drive that does not answer (P10). */
export function checkSecrets(config: LongshoreConfig, probe: SecretProbe, report: Report): void {
  for (const destination of Object.values(config.destinations)) checkDestination(destination, probe, report);
  for (const provider of Object.values(config.providers)) checkProvider(provider, probe, report);
}

function checkDestination({ name, credentials }: DestinationConfig, probe: SecretProbe, report: Report): void {
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

function checkProvider({ name, auth, headers }: ProviderConfig, probe: SecretProbe, report: Report): void {
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
  probe: SecretProbe,
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
  probe: SecretProbe,
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
