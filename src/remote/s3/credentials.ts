import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { whereProfileIsMissing } from '../../config/aws-profiles.ts';
import { LongshoreError } from '../../core/longshore-error.ts';
import type { Clock, EpochMs } from '../../core/ports.ts';
import type { AwsKeys, S3Credentials } from './options.ts';

/** Keys with the time until when they are good; null: nobody said. */
interface Found {
  readonly keys: AwsKeys;
  readonly expiresAt: EpochMs | null;
}

interface Kept {
  readonly found: Found;
  readonly since: EpochMs;
}

/** Keys are looked up anew when they end within this, ms: a request may wait for a connection, and clocks differ. */
const EXPIRES_SOON_MS = 5 * 60_000;
/** A profile without an expiry is read again after this, ms: its file may have been changed. */
const PROFILE_FRESH_MS = 60_000;

type SdkProvider = Exclude<NonNullable<S3ClientConfig['credentials']>, { accessKeyId: string }>;

/**
 * The keys of one destination. Kept only where looking them up is dear, never beyond their expiry, and dropped when the
 * service refuses them: to mend the secret, the profile or the log-in must be enough, without a restart.
 */
export class CredentialSource {
  readonly #credentials: S3Credentials;
  readonly #clock: Pick<Clock, 'now'>;
  #kept: Kept | null = null;
  #looking: Promise<Found> | null = null;
  #generation = 0;

  constructor(credentials: S3Credentials, clock: Pick<Clock, 'now'>) {
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** Keys that never have to be looked up; null where they are not of this kind. */
  get literal(): AwsKeys | null {
    return this.#credentials.kind === 'literal' ? this.#credentials : null;
  }

  /** Rejects with the provider's own error, with `config.credentials-missing` or with `config.secret-missing`. */
  async keys(): Promise<AwsKeys> {
    if (this.#credentials.kind === 'literal') return this.#credentials;
    if (this.#credentials.kind !== 'profile') return (await lookUp(this.#credentials)).keys;
    const kept = this.#kept;
    if (kept !== null && this.#isGood(kept)) return kept.found.keys;
    // Many requests at once ask for one look-up: it may run a program or call a log-in service.
    this.#looking ??= lookUp(this.#credentials)
      .then((found) => {
        this.#kept = { found, since: this.#clock.now() };
        return found;
      })
      .finally(() => {
        this.#looking = null;
      });
    return (await this.#looking).keys;
  }

  /** Changes whenever a refusal led to other keys. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * The service refused keys that were had when the generation was `generation`. True when there are others now. Only a
   * profile is kept, so only there can a new look-up help.
   */
  async refreshAfter(generation: number): Promise<boolean> {
    if (this.#credentials.kind !== 'profile') return false;
    if (generation !== this.#generation) return true;
    const used = this.#kept?.found.keys;
    this.#kept = null;
    const now = await this.keys();
    // Another refusal of the same keys may have found them meanwhile.
    if (generation !== this.#generation) return true;
    if (used === undefined || sameKeys(used, now)) return false;
    this.#generation += 1;
    return true;
  }

  /** For the SDK. It keeps what a provider gives until its expiration: with one in the past it asks each time. */
  readonly forSdk: SdkProvider = async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = await this.keys();
    return {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === null ? {} : { sessionToken }),
      expiration: new Date(this.#clock.now()),
    };
  };

  #isGood({ found, since }: Kept): boolean {
    const now = this.#clock.now();
    // A clock that was set back makes everything look fresh.
    if (now < since) return false;
    return found.expiresAt === null ? now - since < PROFILE_FRESH_MS : now < found.expiresAt - EXPIRES_SOON_MS;
  }
}

async function lookUp(credentials: Exclude<S3Credentials, { kind: 'literal' }>): Promise<Found> {
  switch (credentials.kind) {
    case 'secret':
      return { keys: await credentials.resolve(), expiresAt: null };
    case 'env': {
      // Loaded when needed: the package brings clients for SSO and STS that most destinations never use.
      const missing = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].filter((name) => !process.env[name]);
      if (missing.length > 0) throw notHere(`not set in the environment: ${missing.join(' and ')}`);
      const { fromEnv } = await import('@aws-sdk/credential-providers');
      return found(await fromEnv()());
    }
    case 'profile': {
      const { profile } = credentials;
      const { fromIni } = await import('@aws-sdk/credential-providers');
      try {
        return found(await fromIni({ profile, ignoreCache: true })());
      } catch (error) {
        const places = whereProfileIsMissing(profile, process.env);
        throw places === null ? error : notHere(`there is no profile "${profile}" in ${places}`);
      }
    }
  }
}

function notHere(detail: string): LongshoreError {
  return new LongshoreError('config.credentials-missing', { detail, sent: false });
}

function sameKeys(a: AwsKeys, b: AwsKeys): boolean {
  return (
    a.accessKeyId === b.accessKeyId && a.secretAccessKey === b.secretAccessKey && a.sessionToken === b.sessionToken
  );
}

interface SdkIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiration?: Date | undefined;
}

function found({ accessKeyId, secretAccessKey, sessionToken, expiration }: SdkIdentity): Found {
  return {
    keys: { accessKeyId, secretAccessKey, sessionToken: sessionToken ?? null },
    expiresAt: expiration?.getTime() ?? null,
  };
}
