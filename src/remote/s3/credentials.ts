import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { AwsKeys, S3Credentials } from './options.ts';

type Provider = Exclude<NonNullable<S3ClientConfig['credentials']>, { accessKeyId: string }>;

/** The SDK keeps what a provider gave until its `expiration`; resolved secrets have none and must not outlive a change. */
const SECRET_LIFETIME_MS = 10 * 60_000;

export function credentialProvider(credentials: S3Credentials): Provider {
  switch (credentials.kind) {
    case 'literal':
      return () => Promise.resolve(identity(credentials));
    case 'env':
      // Loaded when needed: the package brings clients for SSO and STS that most destinations never use.
      return async () => (await import('@aws-sdk/credential-providers')).fromEnv()();
    case 'profile':
      return async (properties) => {
        const { fromIni } = await import('@aws-sdk/credential-providers');
        return fromIni({ profile: credentials.profile, ignoreCache: true })(properties);
      };
    case 'secret':
      return async () => ({
        ...identity(await credentials.resolve()),
        expiration: new Date(Date.now() + SECRET_LIFETIME_MS),
      });
  }
}

function identity(keys: AwsKeys) {
  return {
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken === null ? {} : { sessionToken: keys.sessionToken }),
  };
}
