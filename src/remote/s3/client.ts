import { S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../core/ports.ts';
import type { CredentialSource } from './credentials.ts';
import type { S3Options } from './options.ts';
import type { S3Transport } from './transport.ts';

/** The SDK as Longshore uses it: one try, checksums given and not made up, no waiting for "100 Continue". */
export function createClient(
  options: S3Options,
  credentials: CredentialSource,
  transport: S3Transport,
  clock: Pick<Clock, 'now'>,
): S3Client {
  const client = new S3Client({
    endpoint: options.endpoint,
    region: options.region,
    forcePathStyle: options.forcePathStyle,
    credentials: credentials.forSdk,
    maxAttempts: 1,
    // Bodies carry the checksums that the executor made; replies are compared by the executor.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // A round trip per part, and a trap with services that ignore it.
    expectContinueHeader: false,
    followRegionRedirects: false,
    requestHandler: transport,
    customUserAgent: userAgentOf(options),
  });
  signByClock(client, clock);
  if (options.endpoint.startsWith('https:')) sendPayloadUnsigned(client);
  return client;
}

export function userAgentOf(options: S3Options): string {
  return options.userAgent ?? 'longshore';
}

/** The SDK knows time as the machine's plus an offset, which it would learn by its own rules. */
function signByClock(client: S3Client, clock: Pick<Clock, 'now'>): void {
  client.middlewareStack.add(
    (next) => (args) => {
      client.config.systemClockOffset = clock.now() - Date.now();
      return next(args);
    },
    { step: 'initialize', name: 'longshoreClock' },
  );
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
