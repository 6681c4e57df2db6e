import type { S3Client } from '@aws-sdk/client-s3';
import type { BucketAddress } from './lean-requests.ts';
import type { S3Options } from './options.ts';

interface AuthScheme {
  readonly name?: unknown;
  readonly signingName?: unknown;
  readonly signingRegion?: unknown;
}

/**
 * Where the SDK would send a request for an object of this bucket (path style, virtual-host style, access points …), so that
 * both ways agree. Null when it wants more than a plain signature there, as for S3 Express, or can't tell.
 */
export function bucketAddress(client: S3Client, options: S3Options): BucketAddress | null {
  let endpoint: ReturnType<typeof client.config.endpointProvider>;
  try {
    endpoint = client.config.endpointProvider({
      Bucket: options.bucket,
      Region: options.region,
      Endpoint: options.endpoint,
      ForcePathStyle: options.forcePathStyle,
      UseFIPS: false,
      UseDualStack: false,
      Accelerate: false,
      UseGlobalEndpoint: false,
      DisableMultiRegionAccessPoints: false,
      UseArnRegion: false,
    });
  } catch {
    // The SDK says the same again, in words, when it is asked to send.
    return null;
  }
  const { url, headers, properties } = endpoint;
  const [scheme] = (properties?.['authSchemes'] ?? []) as readonly AuthScheme[];
  const { name, signingName, signingRegion } = scheme ?? {};
  if (name !== 'sigv4' || typeof signingName !== 'string' || typeof signingRegion !== 'string') return null;
  if (Object.keys(headers ?? {}).length > 0 || url.search !== '') return null;
  return { origin: url.origin, host: url.host, basePath: url.pathname.replace(/\/+$/, ''), signingName, signingRegion };
}
