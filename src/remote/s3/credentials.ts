import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { AwsKeys, S3Credentials } from './options.ts';

type Provider = Exclude<NonNullable<S3ClientConfig['credentials']>, { accessKeyId: string }>;

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
      // The SDK keeps what a provider gave until its expiration. Kept keys would outlive a change of the secret, and
      // "mend the secret, then retry" would not work; to look one up costs next to nothing: it is done for each request.
      return async () => ({ ...identity(await credentials.resolve()), expiration: new Date() });
  }
}

function identity(keys: AwsKeys) {
  return {
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    ...(keys.sessionToken === null ? {} : { sessionToken: keys.sessionToken }),
  };
}
