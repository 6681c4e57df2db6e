import { S3Client } from '@aws-sdk/client-s3';
import { credentialProvider } from './credentials.ts';
import type { S3Limits, S3Options } from './options.ts';
import { S3Transport } from './transport.ts';

/** The SDK as Longshore uses it: one try, checksums given and not made up, no waiting for "100 Continue". */
export function createClient(options: S3Options, limits: S3Limits): S3Client {
  const client = new S3Client({
    endpoint: options.endpoint,
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    credentials: credentialProvider(options.credentials),
    maxAttempts: 1,
    // Bodies carry the checksums that the executor made; replies are compared by the executor.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // A round trip per part, and a trap with services that ignore it.
    expectContinueHeader: false,
    followRegionRedirects: false,
    requestHandler: new S3Transport(limits, options.ca),
    customUserAgent: options.userAgent ?? 'longshore',
  });
  if (options.endpoint.startsWith('https:')) sendPayloadUnsigned(client);
  return client;
}

/**
 * TLS and the checksum header already guard the body; hashing it once more with SHA-256 would double what an upload costs
 * this machine. Over plain http the signature covers the payload.
 */
function sendPayloadUnsigned(client: S3Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { headers: Record<string, string>; body?: unknown };
      if (request.body instanceof Uint8Array) request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'longshoreUnsignedPayload' },
  );
}
