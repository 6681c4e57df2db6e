import { checkSecrets } from '../config/check-secrets.ts';
import type { ConfigResult } from '../config/load-config.ts';
import { secretProbe } from '../config/machine-probe.ts';
import { secretFault, type SecretUse } from '../config/secret-form.ts';
import { Findings } from '../config/workable-findings.ts';
import type { SecretsRepo } from '../db/secrets-repo.ts';

/** What is obviously wrong with a stored value, and never the value (P12); null also where it can't be read. */
export function storedFault(secrets: Pick<SecretsRepo, 'get'>, name: string, use: SecretUse): string | null {
  let value: string | null;
  try {
    value = secrets.get(name);
  } catch {
    // Sealed with another key: whoever needs it tells that in its own words.
    return null;
  }
  return value === null ? null : secretFault(value, use);
}

/** What is wrong with the secrets, variables and profiles that a configuration names, a sentence each with the way out. */
export function secretTroubles(
  loaded: Extract<ConfigResult, { ok: true }>,
  secrets: Pick<SecretsRepo, 'get' | 'names'>,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const names = new Set(secrets.names());
  const probe = secretProbe({
    env,
    hasSecret: (name) => names.has(name),
    secretFault: (name, use) => storedFault(secrets, name, use),
  });
  const findings = new Findings(loaded.source);
  checkSecrets(loaded.config, probe, findings.report);
  return findings.sorted().map(({ subject, message, hint }) => `${subject.kind} ${subject.name}: ${message} ${hint}`);
}
